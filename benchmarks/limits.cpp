// This machine's limits: fused multiply-adds, memory, random words, and the whole training step of tiny toys written by
// hand with 16 models side by side in vectors. GCC and Clang vector extensions, so any CPU; fastest with AVX-512.
// Prints one line of JSON.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <thread>
#include <vector>

constexpr int LANES = 16;
typedef float Real __attribute__((vector_size(4 * LANES)));
typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef uint32_t Word __attribute__((vector_size(4 * LANES)));

static volatile float sink;

static void keep(Real v) {
  float total = 0;
  for (int i = 0; i < LANES; i++) total += v[i];
  sink = total;
}

static Real all(float value) { return value - Real{}; }

// Seconds that `work` takes on every one of `threads` threads at once; of CPU time, should others have the cores too.
static double seconds(int threads, const std::function<void(int)> &work) {
  auto began = std::chrono::steady_clock::now();
  std::clock_t cpu = std::clock();
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; t++) pool.emplace_back(work, t);
  for (auto &t : pool) t.join();
  double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return std::fmin(wall, double(std::clock() - cpu) / CLOCKS_PER_SEC / threads);
}

// Units a second, with as many units as fill a third of a second; the best of three.
static double rate(int threads, double units, const std::function<void(int, long)> &work) {
  long count = 1;
  while (seconds(threads, [&](int t) { work(t, count); }) < 0.3) count *= 2;
  double best = 0;
  for (int i = 0; i < 3; i++) {
    double took = seconds(threads, [&](int t) { work(t, count); });
    best = std::fmax(best, units * count * threads / took);
  }
  return best;
}

static void multiply_add(int, long count) {
  Real a[12], x = all(0.999f), y = all(1e-3f);
  for (int i = 0; i < 12; i++) a[i] = all(i);
  for (long k = 0; k < count; k++) {
    asm volatile("" : "+x"(x), "+x"(y));
    for (int r = 0; r < 100; r++) {
#pragma GCC unroll 12
      for (int i = 0; i < 12; i++) a[i] = a[i] * x + y;
    }
  }
  Real total = a[0];
  for (int i = 1; i < 12; i++) total += a[i];
  keep(total);
}

struct Xoshiro {
  Word a, b, c, d;
  explicit Xoshiro(uint32_t seed) {
    for (int i = 0; i < LANES; i++) {
      a[i] = seed + 2654435761u * (i + 1), b[i] = a[i] * 747796405u + 1;
      c[i] = b[i] * 747796405u + 2, d[i] = c[i] * 747796405u + 3;
    }
  }
  inline __attribute__((always_inline)) Word next() {
    Word out = a + d, t = b << 9;
    c ^= a, d ^= b, b ^= c, a ^= d, c ^= t;
    d = (d << 11) | (d >> 21);
    return out;
  }
  inline __attribute__((always_inline)) Real uniform() {
    return __builtin_convertvector((Mask)(next() >> 8), Real) * 0x1p-24f;
  }
};

static void words(int thread, long count) {
  Xoshiro random(thread);
  Word total = {};
  for (long k = 0; k < count; k++) total += random.next();
  keep(__builtin_convertvector((Mask)total, Real));
}

static Real root(Real v) {
  Real out;
  for (int i = 0; i < LANES; i++) out[i] = __builtin_sqrtf(v[i]);
  return out;
}

struct Moments {
  Real first, second;
};

static void adamw(Real &w, Real g, Moments &s, float size1, float size2) {
  s.first = 0.9f * s.first + 0.1f * g;
  s.second = 0.999f * s.second + 0.001f * g * g;
  w -= 1e-3f * (s.first * size1 / (root(s.second * size2) + 1e-8f) + 0.01f * w);
}

#define EACH(i, n) _Pragma("GCC unroll 8") for (int i = 0; i < (n); i++)

// `steps` AdamW steps of 16 toys N → M: everything stays in registers but the moments.
template <int N, int M> static void train(int thread, long steps, int batch) {
  Xoshiro random(thread);
  Real W[N][M], b[N], weight[N], p = all(0.1f), over_p = all(10.0f);
  Moments sW[N][M] = {}, sb[N] = {};
  EACH(i, N) EACH(j, M) W[i][j] = random.uniform() - 0.5f;
  EACH(i, N) b[i] = all(0), weight[i] = all(2.0f / (batch * N));
  double left1 = 1, left2 = 1;
  for (long step = 0; step < steps; step++) {
    Real gW[N][M] = {}, gb[N] = {};
    for (int k = 0; k < batch; k++) {
      Real x[N], h[M] = {}, back[M] = {}, g[N];
      EACH(i, N) {
        Real u = random.uniform();
        x[i] = u < p ? u * over_p : Real{};
        EACH(j, M) h[j] += W[i][j] * x[i];
      }
      EACH(i, N) {
        Real z = b[i];
        EACH(j, M) z += W[i][j] * h[j];
        g[i] = z > 0 ? (z - x[i]) * weight[i] : Real{};
        gb[i] += g[i];
        EACH(j, M) back[j] += W[i][j] * g[i];
      }
      EACH(i, N) EACH(j, M) gW[i][j] += g[i] * h[j] + x[i] * back[j];
    }
    left1 *= 0.9, left2 *= 0.999;
    float size1 = 1 / (1 - left1), size2 = 1 / (1 - left2);
    EACH(i, N) EACH(j, M) adamw(W[i][j], gW[i][j], sW[i][j], size1, size2);
    EACH(i, N) adamw(b[i], gb[i], sb[i], size1, size2);
  }
  EACH(i, N) EACH(j, M) keep(W[i][j]);
}

static double triad(int threads) {
  const long size = 1 << 24;  // 64 MB an array
  std::vector<std::vector<float>> a(threads), b(threads), c(threads);
  seconds(threads, [&](int t) { a[t].resize(size, 1), b[t].resize(size, 2), c[t].resize(size, 3); });
  return rate(threads, 12.0 * size, [&](int t, long count) {
    for (long k = 0; k < count; k++) {
      float *__restrict x = a[t].data(), *__restrict y = b[t].data(), *__restrict z = c[t].data();
      for (long i = 0; i < size; i++) x[i] = y[i] + 3.0f * z[i];
      asm volatile("" ::"r"(x) : "memory");
    }
  });
}

int main(int argc, char **argv) {
  int threads = std::thread::hardware_concurrency(), batch = argc > 1 ? std::atoi(argv[1]) : 1024;
  std::printf("{\"fma_gflops_1\": %.1f, ", rate(1, 100 * 12 * LANES * 2e-9, multiply_add));
  std::printf("\"fma_gflops\": %.1f, ", rate(threads, 100 * 12 * LANES * 2e-9, multiply_add));
  std::printf("\"triad_gb_1\": %.1f, \"triad_gb\": %.1f, ", 1e-9 * triad(1), 1e-9 * triad(threads));
  std::printf("\"xoshiro_gwords\": %.2f, ", rate(threads, LANES * 1e-9, words));
  auto toy21 = [=](int t, long steps) { train<2, 1>(t, steps, batch); };
  auto toy52 = [=](int t, long steps) { train<5, 2>(t, steps, batch); };
  std::printf("\"toy_2_1\": %.0f, \"toy_5_2\": %.0f, ", rate(threads, LANES, toy21), rate(threads, LANES, toy52));
  std::printf("\"batch\": %d, \"threads\": %d}\n", batch, threads);
}
