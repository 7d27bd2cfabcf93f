// The gradient of two small layers on fresh sparse batches, in one pass: draw, forward, back; and where asked for, the
// loss. Nothing of a batch leaves the core. The plain twin is `models/layers.py`, on what `core/streams.py` and the worlds
// draw, or on exact rows.
//
// Compiled for one shape and one question, in numbers:
//   N, M            features and hidden dimensions
//   EXACT           rows are given with their chances, else random; then THREEFRY, or else the "fast" stream
//   SIGNED, ONE     values from -1 to 1, or always 1, else from 0 to 1
//   TOGETHER        so many features are on together
//   TARGET_ABS      the target is |x|, else x
//   UNTIED          V is a matrix of its own, else W transposed
//   HIDDEN_RELU, HIDDEN_BIAS, RELU, BIAS   of the hidden layer, and of the output
//   POWER           of the error, 2 or 4
//   RAGGED          batches that are not a multiple of sixteen rows; exact ones always are
// Rows of a batch lie side by side in a vector, as many as the processor's hold.

#include <string.h>

#include "xla/ffi/api/c_api.h"

#if __AVX512F__
#define LANES 16
#elif __AVX2__
#define LANES 8
#else
#define LANES 4
#endif
#define VECTOR __attribute__((vector_size(4 * LANES)))
#define INLINE static inline __attribute__((always_inline))
#define TEXT(x) #x
#define UNROLL(n) _Pragma(TEXT(GCC unroll n))
#define EACH(i, n) for (int i = 0; i < (n); i++)

typedef float Real VECTOR;
typedef int32_t Mask VECTOR;
typedef uint32_t Word VECTOR;

// Where all sums of a toy fit in registers every loop over features is unrolled; else sums are taken for TILE features at
// a time. A strip is so many vectors of rows that a core always has something to do, and that it stays in L1.
#define ENTRIES ((1 + UNTIED) * N * M + N + HIDDEN_BIAS * M)
#define SMALL (ENTRIES <= 24)
#define STRIP (SMALL ? N < 3 ? 4 : 2 : 8)
#define ALL (SMALL ? 64 : 1)
#define TILE_OF(size) (SMALL || size > N ? N : size > 1 ? size : 1)
#define TILE TILE_OF(24 / ((1 + UNTIED) * M + 1))

static const Word PLACES = {
    0, 1, 2, 3,
#if LANES > 4
    4, 5, 6, 7,
#endif
#if LANES > 8
    8, 9, 10, 11, 12, 13, 14, 15,
#endif
};

INLINE Real all(float value) { return value - (Real){}; }

INLINE Real where(Mask chosen, Real value) { return (Real)(chosen & (Mask)value); }

// -- random numbers: GROUP vectors of words at once, since each is a long chain of short steps

#define WORDS (N * STRIP)
#define GROUPS ((WORDS + 7) / 8)
#define GROUP ((WORDS + GROUPS - 1) / GROUPS)
#define EVERY(k) UNROLL(16) EACH(k, count)

#if THREEFRY
INLINE Word rotate(Word x, int turn) { return x << turn | x >> (32 - turn); }

INLINE void turn(Word *x, Word *y, int count, int by) {
  EVERY(k) x[k] += y[k], y[k] = rotate(y[k], by) ^ x[k];
}

INLINE void four(Word *x, Word *y, int count, int odd) {
  turn(x, y, count, odd ? 13 : 17), turn(x, y, count, odd ? 15 : 29);
  turn(x, y, count, odd ? 26 : 16), turn(x, y, count, odd ? 6 : 24);
}

INLINE void random_words(Word *y, int count, const uint32_t *key) {
  const uint32_t keys[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDA};
  Word x[GROUP];
  EVERY(k) x[k] = keys[0] - (Word){}, y[k] += keys[1];
  UNROLL(8) for (int i = 1; i < 6; i++) {
    four(x, y, count, i % 2);
    EVERY(k) x[k] += keys[i % 3], y[k] += keys[(i + 1) % 3] + i;
  }
  EVERY(k) y[k] ^= x[k];
}
#else
INLINE void mix(Word *x, int count) {
  EVERY(k) x[k] = (x[k] ^ x[k] >> 16) * 0x7FEB352Du;
  EVERY(k) x[k] = (x[k] ^ x[k] >> 15) * 0x846CA68Bu;
  EVERY(k) x[k] = x[k] ^ x[k] >> 16;
}

INLINE void random_words(Word *x, int count, const uint32_t *key) {
  EVERY(k) x[k] += key[0];
  mix(x, count);
  EVERY(k) x[k] ^= key[1];
  mix(x, count);
}
#endif

// What a feature takes to be drawn. In steps of 2^-23, a uniform number is a whole number and so is compared exactly.
// What is left of the number that decides for a set is the size of its first feature; the others' sizes are their own.
typedef struct {
  float below[N], scale[N];
} Law;

INLINE Law law(const float *density) {
  Law l;
  EACH(i, N) {
    l.below[i] = density[i] * 0x1p23f;
    l.scale[i] = (i % TOGETHER ? 1.0f : 1.0f / density[i]) * 0x1p-23f;
  }
  return l;
}

INLINE Real sized(const Law *l, int i, Real u) {
  Real value = u * all(l->scale[i]);
  return ONE ? all(1) : SIGNED ? value * 2 - 1 : value;
}

// -- a strip of rows

typedef struct {
  const float *W, *V, *b_hidden, *b, *weight;  // W [M, N], V [N, M]; weights are those of the error's derivative
  const void *first, *second;                  // density and key; x [N, rows] and chance if EXACT
  uint32_t rows;
  Law law;
} Toy;

INLINE Toy toy(const void *const *a, uint32_t rows) {
  Toy t = {a[0], a[1], a[2], a[3], a[4], a[5], a[6], rows};
  if (!EXACT) t.law = law(t.first);
  return t;
}

INLINE Real into(const Toy *t, int j, int i) { return all(t->W[j * N + i]); }

INLINE Real out(const Toy *t, int i, int j) { return UNTIED ? all(t->V[i * M + j]) : into(t, j, i); }

typedef struct {
  Real W[N][M], V[N][M], b_hidden[M], b[N], loss;
} Sums;

typedef struct {
  Real x[N][STRIP], r[N][STRIP], hidden[M][STRIP], back[M][STRIP], chance[STRIP];
  Mask on[STRIP];
} Strip;

// Entries `first` … of the strip that starts at `row`, counted feature by feature.
INLINE void draw(const Toy *t, Strip *s, uint32_t row, int first, int count) {
  Word words[GROUP];
  EVERY(k) {
    int i = (first + k) / STRIP, v = (first + k) % STRIP;
    words[k] = row + LANES * v + i * t->rows + PLACES;
  }
  random_words(words, count, t->second);
  EVERY(k) {
    int i = (first + k) / STRIP, v = (first + k) % STRIP;
    Real u = __builtin_convertvector((Mask)(words[k] >> 9), Real);
    if (i % TOGETHER == 0) s->on[v] = u < all(t->law.below[i]);
    s->x[i][v] = where(s->on[v], sized(&t->law, i, u));
  }
}

INLINE Real read(const float *from) {
  Real v;
  memcpy(&v, from, sizeof v);
  return v;
}

INLINE void read_rows(const Toy *t, Strip *s, uint32_t row, int vectors) {
  const float *x = t->first, *chance = t->second;
  UNROLL(ALL) EACH(v, vectors) {
    s->chance[v] = read(chance + row + LANES * v);
    UNROLL(32) EACH(i, N) s->x[i][v] = read(x + i * t->rows + row + LANES * v);
  }
}

INLINE void draw_rows(const Toy *t, Strip *s, uint32_t row) {
  int i = 0;
  UNROLL(ALL) for (; i + GROUP <= WORDS; i += GROUP) draw(t, s, row, i, GROUP);
  if (WORDS % GROUP) draw(t, s, row, i, WORDS % GROUP);
}

INLINE Real raised(Real error) { return POWER == 4 ? error * error * error : error; }

// The error's derivative, and the loss if there is where to add it, which is decided once for a whole batch.
INLINE Real slope_of(const Toy *t, const Strip *s, Real *loss, int i, int v, Word row, Real z) {
  Real x = s->x[i][v], y = TARGET_ABS ? (Real)((Word)x & 0x7FFFFFFF) : x;
  Real error = z - y, share = all(t->weight[i]);
  if (RAGGED) share = where(row < t->rows, share);
  if (EXACT) share *= s->chance[v];
  Real r = raised(error) * share;
  if (RELU) r = where(z > 0, r);
  if (loss) *loss += r * error;
  if (loss && RELU) *loss += where(~(z > 0), raised(y) * share * y);
  return r;
}

INLINE void through(const Toy *t, Strip *s, Real *loss, int v, Word row) {
  Real pre[M], hidden[M], back[M] = {};
  UNROLL(32) EACH(j, M) pre[j] = HIDDEN_BIAS ? all(t->b_hidden[j]) : (Real){};
  UNROLL(ALL) EACH(i, N) {
    UNROLL(32) EACH(j, M) pre[j] += into(t, j, i) * s->x[i][v];
  }
  UNROLL(32) EACH(j, M) hidden[j] = HIDDEN_RELU ? where(pre[j] > 0, pre[j]) : pre[j];
  UNROLL(ALL) EACH(i, N) {
    Real z = BIAS ? all(t->b[i]) : (Real){};
    UNROLL(32) EACH(j, M) z += out(t, i, j) * hidden[j];
    Real r = slope_of(t, s, loss, i, v, row, z);
    s->r[i][v] = r;
    UNROLL(32) EACH(j, M) back[j] += out(t, i, j) * r;
  }
  UNROLL(32) EACH(j, M) s->hidden[j][v] = hidden[j], s->back[j][v] = HIDDEN_RELU ? where(pre[j] > 0, back[j]) : back[j];
}

INLINE void gather(const Strip *s, Sums *sums, int first, int count, int vectors) {
  Real gW[TILE][M], gV[TILE][M], gb[TILE];
  UNROLL(32) EACH(i, count) {
    gb[i] = sums->b[first + i];
    UNROLL(32) EACH(j, M) gW[i][j] = sums->W[first + i][j], gV[i][j] = UNTIED ? sums->V[first + i][j] : gW[i][j];
  }
  UNROLL(ALL) EACH(v, vectors) {
    UNROLL(32) EACH(i, count) {
      Real x = s->x[first + i][v], r = s->r[first + i][v];
      gb[i] += r;
      UNROLL(32) EACH(j, M) {
        if (UNTIED) gV[i][j] += r * s->hidden[j][v];
        else gW[i][j] += r * s->hidden[j][v];
        gW[i][j] += x * s->back[j][v];
      }
    }
  }
  UNROLL(32) EACH(i, count) {
    sums->b[first + i] = gb[i];
    UNROLL(32) EACH(j, M) sums->W[first + i][j] = gW[i][j];
    if (UNTIED) UNROLL(32) EACH(j, M) sums->V[first + i][j] = gV[i][j];
  }
}

INLINE void strip(const Toy *t, Sums *sums, uint32_t row, int vectors, int loss) {
  Strip s;
  EXACT ? read_rows(t, &s, row, vectors) : draw_rows(t, &s, row);
  UNROLL(ALL) EACH(v, vectors) through(t, &s, loss ? &sums->loss : NULL, v, row + LANES * v + PLACES);
  int i = 0;
  for (; i + TILE <= N; i += TILE) gather(&s, sums, i, TILE, vectors);
  if (N % TILE) gather(&s, sums, i, N % TILE, vectors);
  if (HIDDEN_BIAS) UNROLL(ALL) EACH(v, vectors) UNROLL(32) EACH(j, M) sums->b_hidden[j] += s.back[j][v];
}

// -- a toy, and a stack of them

typedef float Four __attribute__((vector_size(16)));

// The fours of a vector, added up, then their entries.
INLINE float sum(Real v) {
  Four part[LANES / 4];
  memcpy(part, &v, sizeof v);
  for (int half = LANES / 8; half; half /= 2) EACH(i, half) part[i] += part[i + half];
  return (part[0][0] + part[0][2]) + (part[0][1] + part[0][3]);
}

INLINE void batch(const Toy *t, Sums *sums, int loss) {
  int vectors = (t->rows + LANES - 1) / LANES, v = 0;
  for (; v + STRIP <= vectors; v += STRIP) strip(t, sums, LANES * v, STRIP, loss);
  if (STRIP > 1 && v < vectors) strip(t, sums, LANES * v, vectors - v, loss);
}

// The gradients of W, V, b_hidden and b, and the loss. What a toy does not have is left as it is.
static void slope(const Toy *t, float *const *g, int wanted) {
  Sums sums = {};
  wanted ? batch(t, &sums, 1) : batch(t, &sums, 0);
  EACH(i, N) {
    EACH(j, M) g[0][j * N + i] = sum(sums.W[i][j]);
    if (UNTIED) EACH(j, M) g[1][i * M + j] = sum(sums.V[i][j]);
    if (BIAS) g[3][i] = sum(sums.b[i]);
  }
  if (HIDDEN_BIAS) EACH(j, M) g[2][j] = sum(sums.b_hidden[j]);
  *g[4] = wanted ? sum(sums.loss) / POWER : 0;
}

// -- what Python calls once, to compare with the plain twin

void gradient(const void *const *numbers, uint32_t rows, float *const *g, int wanted) {
  Toy t = toy(numbers, rows);
  slope(&t, g, wanted);
}

// The batch itself, features first.
#if !EXACT
void draws(const float *density, const uint32_t *key, uint32_t rows, float *x) {
  Toy t = toy((const void *[]){0, 0, 0, 0, 0, density, key}, rows);
  Strip s;
  for (uint32_t row = 0; row < rows; row += LANES * STRIP) {
    draw_rows(&t, &s, row);
    EACH(i, N) EACH(k, LANES * STRIP) {
      if (row + k < rows) x[i * rows + row + k] = s.x[i][k / LANES][k % LANES];
    }
  }
}

#endif

// -- what XLA calls

// A stack as large as `whole`, or of one for all, or with axes of either kind: where entry `k` begins.
typedef struct {
  const XLA_FFI_Buffer *stack, *whole;
  size_t size;
  int full, one;
} Stack;

INLINE Stack stack(const XLA_FFI_Buffer *of, const XLA_FFI_Buffer *whole, size_t size) {
  Stack s = {of, whole, 4 * size, 1, 1};
  EACH(axis, whole->rank - 2) s.full &= of->dims[axis] == whole->dims[axis], s.one &= of->dims[axis] == 1;
  return s;
}

static size_t mixed(const Stack *s, size_t k) {
  size_t place = 0, step = 1;
  for (int axis = s->whole->rank - 3; axis >= 0; k /= s->whole->dims[axis--]) {
    if (s->stack->dims[axis] > 1) place += step * (k % s->whole->dims[axis]);
    step *= s->stack->dims[axis];
  }
  return place;
}

INLINE const void *entry(const Stack *s, size_t k) {
  return (const char *)s->stack->data + s->size * (s->full ? k : s->one ? 0 : mixed(s, k));
}

static const size_t SIZES[] = {N * M, N * M, M, N, N};
#define OURS 5

INLINE int alike(const Toy *s, const Toy *t) {
  const void *const a[] = {s->W, s->V, s->b_hidden, s->b, s->weight}, *const b[] = {t->W, t->V, t->b_hidden, t->b, t->weight};
  EACH(i, OURS) if (memcmp(a[i], b[i], 4 * SIZES[i])) return 0;
  if (EXACT) return s->first == t->first && s->second == t->second;
  return !memcmp(s->first, t->first, 4 * N) && !memcmp(s->second, t->second, 8);
}

// A unit of copies, as a lone fit is, costs one of them: the same numbers in, the same numbers out.
static void slopes(const XLA_FFI_CallFrame *call) {
  const uint32_t rows = *(const uint32_t *)((XLA_FFI_Scalar *)call->attrs.attrs[0])->value;
  const int wanted = *(const int32_t *)((XLA_FFI_Buffer *)call->args.args[OURS + 2])->data;
  XLA_FFI_Buffer **rets = (XLA_FFI_Buffer **)call->rets.rets;
  size_t toys = 1;
  EACH(axis, rets[0]->rank - 2) toys *= rets[0]->dims[axis];
  Stack stacks[OURS + 2];
  EACH(i, OURS) stacks[i] = stack(call->args.args[i], rets[0], SIZES[i]);
  stacks[OURS] = stack(call->args.args[OURS], rets[0], EXACT ? N * rows : N);
  stacks[OURS + 1] = stack(call->args.args[OURS + 1], rets[0], EXACT ? rows : 2);
  Toy before = {};
  float *last[OURS];
  for (size_t k = 0; k < toys; k++) {
    const void *numbers[OURS + 2];
    float *g[OURS];
    EACH(i, OURS + 2) numbers[i] = entry(stacks + i, k);
    EACH(i, OURS) g[i] = (float *)rets[i]->data + k * (i < 4 ? SIZES[i] : 1);
    Toy t = toy(numbers, rows);
    if (k && alike(&t, &before)) {
      EACH(i, OURS) memcpy(g[i], last[i], 4 * (i < 4 ? SIZES[i] : 1));
    } else {
      slope(&t, g, wanted);
    }
    before = t;
    memcpy(last, g, sizeof g);
  }
}

// Before it calls, XLA asks which version of its interface this was written for.
XLA_FFI_Error *fused(XLA_FFI_CallFrame *call) {
  XLA_FFI_Extension_Base *asked = call->extension_start;
  if (asked && asked->type == XLA_FFI_Extension_Metadata) {
    XLA_FFI_Api_Version *version = &((XLA_FFI_Metadata_Extension *)asked)->metadata->api_version;
    version->major_version = XLA_FFI_API_MAJOR, version->minor_version = XLA_FFI_API_MINOR;
    return NULL;
  }
  if (call->stage == XLA_FFI_ExecutionStage_EXECUTE) slopes(call);
  return NULL;
}
