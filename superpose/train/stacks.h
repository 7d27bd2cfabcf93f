// XLA's buffers as stacks of toys. Under `expand_dims`, numbers that toys share come once, with axes of length 1.

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
