// Random words as `core/streams.py` makes them: GROUP vectors at once, since each is a long chain of short steps.

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
