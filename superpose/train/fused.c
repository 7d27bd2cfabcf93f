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

#include "words.h"
#include "strip.h"

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

#include "stacks.h"

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
