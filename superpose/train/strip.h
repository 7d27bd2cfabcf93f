// A strip of a batch: its rows drawn or read, then forward and back, and what that adds to the gradient.

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
