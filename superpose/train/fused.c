// The gradient of tied toys on fresh sparse batches, in one pass: draw, forward, back; and where asked for, the loss.
// Nothing of a batch leaves the core. The plain twin is `models/layers.py`, on what `core/streams.py` and `SparseWorld.sample` draw, or on exact rows.
//
// Compiled for N features, M hidden dimensions, EXACT rows (given with their chances) or random ones of the THREEFRY (or
// the "fast") stream, RELU (or linear), BIAS (or none), and RAGGED (batches that are not a multiple of sixteen rows; exact
// ones always are). Rows of a batch lie side by side in a vector, as many as the processor's hold.

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
#define SMALL (N * M + N <= 24)
#define STRIP (SMALL ? N < 3 ? 4 : 2 : 8)
#define ALL (SMALL ? 64 : 1)
#define TILE_OF(size) (SMALL || size > N ? N : size > 1 ? size : 1)
#define TILE TILE_OF(24 / (M + 1))

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
typedef struct {
  float below[N], scale[N];
} Law;

INLINE Law law(const float *density) {
  Law l;
  EACH(i, N) l.below[i] = density[i] * 0x1p23f, l.scale[i] = 1.0f / density[i] * 0x1p-23f;
  return l;
}

INLINE Real drawn(const Law *l, int i, Word word) {
  Real u = __builtin_convertvector((Mask)(word >> 9), Real);
  return where(u < all(l->below[i]), u * all(l->scale[i]));
}

// -- a strip of rows

typedef struct {
  const float *W, *b, *weight;  // W [M, N]; weights are those of the error's derivative
  const void *first, *second;   // density and key; x [N, rows] and chance if EXACT
  uint32_t rows;
  Law law;
} Toy;

INLINE Toy toy(const float *W, const float *b, const float *weight, const void *first, const void *second, uint32_t rows) {
  Toy t = {W, b, weight, first, second, rows};
  if (!EXACT) t.law = law(first);
  return t;
}

typedef struct {
  Real W[N][M], b[N], loss;
} Sums;

typedef struct {
  Real x[N][STRIP], r[N][STRIP], hidden[M][STRIP], back[M][STRIP], chance[STRIP];
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
    s->x[i][v] = drawn(&t->law, i, words[k]);
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

// The loss is summed only if asked for, which is decided once for a whole batch.
INLINE void through(const Toy *t, Strip *s, Real *loss, int v, Word row) {
  Real hidden[M] = {}, back[M] = {};
  UNROLL(ALL) EACH(i, N) {
    UNROLL(32) EACH(j, M) hidden[j] += all(t->W[j * N + i]) * s->x[i][v];
  }
  UNROLL(ALL) EACH(i, N) {
    Real z = BIAS ? all(t->b[i]) : (Real){};
    UNROLL(32) EACH(j, M) z += all(t->W[j * N + i]) * hidden[j];
    Real x = s->x[i][v], error = z - x, share = all(t->weight[i]);
    if (RAGGED) share = where(row < t->rows, share);
    if (EXACT) share *= s->chance[v];
    Real r = error * share;
    if (RELU) r = where(z > 0, r);
    if (loss) *loss += r * error;
    if (loss && RELU) *loss += where(~(z > 0), share * x * x);
    s->r[i][v] = r;
    UNROLL(32) EACH(j, M) back[j] += all(t->W[j * N + i]) * r;
  }
  UNROLL(32) EACH(j, M) s->hidden[j][v] = hidden[j], s->back[j][v] = back[j];
}

INLINE void gather(const Strip *s, Sums *sums, int first, int count, int vectors) {
  Real gW[TILE][M], gb[TILE];
  UNROLL(32) EACH(i, count) {
    gb[i] = sums->b[first + i];
    UNROLL(32) EACH(j, M) gW[i][j] = sums->W[first + i][j];
  }
  UNROLL(ALL) EACH(v, vectors) {
    UNROLL(32) EACH(i, count) {
      Real x = s->x[first + i][v], r = s->r[first + i][v];
      gb[i] += r;
      UNROLL(32) EACH(j, M) gW[i][j] += r * s->hidden[j][v], gW[i][j] += x * s->back[j][v];
    }
  }
  UNROLL(32) EACH(i, count) {
    sums->b[first + i] = gb[i];
    UNROLL(32) EACH(j, M) sums->W[first + i][j] = gW[i][j];
  }
}

INLINE void strip(const Toy *t, Sums *sums, uint32_t row, int vectors, int loss) {
  Strip s;
  EXACT ? read_rows(t, &s, row, vectors) : draw_rows(t, &s, row);
  UNROLL(ALL) EACH(v, vectors) through(t, &s, loss ? &sums->loss : NULL, v, row + LANES * v + PLACES);
  int i = 0;
  for (; i + TILE <= N; i += TILE) gather(&s, sums, i, TILE, vectors);
  if (N % TILE) gather(&s, sums, i, N % TILE, vectors);
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

static void slope(const Toy *t, float *gW, float *gb, float *loss, int wanted) {
  Sums sums = {};
  wanted ? batch(t, &sums, 1) : batch(t, &sums, 0);
  EACH(i, N) {
    gb[i] = BIAS ? sum(sums.b[i]) : 0;
    EACH(j, M) gW[j * N + i] = sum(sums.W[i][j]);
  }
  *loss = wanted ? 0.5f * sum(sums.loss) : 0;
}

// -- what Python calls once, to compare with the plain twin

void gradient(const float *W, const float *b, const float *weight, const void *first, const void *second, uint32_t rows,
              float *gW, float *gb, float *loss, int wanted) {
  Toy t = toy(W, b, weight, first, second, rows);
  slope(&t, gW, gb, loss, wanted);
}

// The batch itself, features first.
#if !EXACT
void draws(const float *density, const uint32_t *key, uint32_t rows, float *x) {
  Toy t = toy(NULL, NULL, NULL, density, key, rows);
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

INLINE Toy taken(const Stack *stacks, size_t k, uint32_t rows) {
  const void *a[5];
  EACH(i, 5) a[i] = entry(stacks + i, k);
  return toy(a[0], a[1], a[2], a[3], a[4], rows);
}

INLINE int alike(const Toy *s, const Toy *t) {
  const int same = EXACT ? s->first == t->first && s->second == t->second
                         : !memcmp(s->first, t->first, 4 * N) && !memcmp(s->second, t->second, 8);
  return same && !memcmp(s->W, t->W, 4 * N * M) && !memcmp(s->b, t->b, 4 * N) && !memcmp(s->weight, t->weight, 4 * N);
}

// A unit of copies, as a lone fit is, costs one of them: the same numbers in, the same numbers out.
static void slopes(const XLA_FFI_CallFrame *call) {
  uint32_t rows = *(const uint32_t *)((XLA_FFI_Scalar *)call->attrs.attrs[0])->value;
  const int wanted = *(const int32_t *)((XLA_FFI_Buffer *)call->args.args[5])->data;
  XLA_FFI_Buffer **out = (XLA_FFI_Buffer **)call->rets.rets;
  size_t toys = 1;
  EACH(axis, out[0]->rank - 2) toys *= out[0]->dims[axis];
  float *gW = out[0]->data, *gb = out[1]->data, *loss = out[2]->data;
  const size_t sizes[] = {N * M, N, N, EXACT ? N * rows : N, EXACT ? rows : 2};
  Stack stacks[5];
  EACH(i, 5) stacks[i] = stack(call->args.args[i], out[0], sizes[i]);
  Toy before = {};
  for (size_t k = 0; k < toys; k++, gW += N * M, gb += N, loss++) {
    Toy t = taken(stacks, k, rows);
    if (k && alike(&t, &before)) {
      memcpy(gW, gW - N * M, 4 * N * M), memcpy(gb, gb - N, 4 * N), *loss = loss[-1];
    } else {
      slope(&t, gW, gb, loss, wanted);
    }
    before = t;
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
