"""A small attention model and a TopK dictionary, written as a user would: nothing here is special to superpose."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

import superpose as sp
from superpose.taps import silent, within


@sp.pytree
class RepeatWorld:
    """A random sequence, then the same sequence again; only the second half is scored."""

    vocab: int = sp.whole()
    length: int = sp.whole()

    def sample(self, key, n):
        first = jax.random.randint(key, (n, self.length), 0, self.vocab)
        tokens = jnp.concatenate([first, first], axis=1)
        scored = jnp.arange(2 * self.length - 1) >= self.length - 1
        return sp.Batch(x=tokens[:, :-1], y=tokens[:, 1:], weight=scored.astype(float))


@sp.pytree
class AttentionConfig:
    vocab: int = sp.whole()
    context: int = sp.whole()
    width: int = sp.whole()
    heads: int = sp.whole(default=2)
    depth: int = sp.whole(default=2)

    def build(self, rngs):
        return AttentionModel(self, rngs=rngs)


class Attention(nnx.Module):
    def __init__(self, config, *, rngs):
        h, d = config.heads, config.width
        shape = (h, d, d // h)
        self.Q, self.K, self.V = (nnx.Param(jax.random.normal(rngs.params(), shape) * d**-0.5) for _ in "QKV")
        self.O = nnx.Param(jax.random.normal(rngs.params(), (h, d // h, d)) * d**-0.5)

    def __call__(self, x, tap=silent):
        q, k, v = (jnp.einsum("bsd,hdk->bhsk", x, W[...]) for W in (self.Q, self.K, self.V))
        scores = jnp.einsum("bhqk,bhsk->bhqs", q, k) * q.shape[-1] ** -0.5
        past = jnp.tri(x.shape[1], dtype=bool)
        pattern = tap("pattern", jax.nn.softmax(jnp.where(past, scores, -1e9)))
        z = tap("z", jnp.einsum("bhqs,bhsk->bhqk", pattern, v))
        return tap("out", jnp.einsum("bhqk,hkd->bqd", z, self.O[...]))


class AttentionModel(nnx.Module):
    def __init__(self, config, *, rngs):
        v, c, d = config.vocab, config.context, config.width
        self.E, self.P, self.U = (
            nnx.Param(jax.random.normal(rngs.params(), s) * 0.3) for s in ((v, d), (c, d), (d, v))
        )
        self.blocks = nnx.List([Attention(config, rngs=rngs) for _ in range(config.depth)])
        self.config = sp.plain(config)

    def __call__(self, tokens, tap=silent):
        resid = tap("embed", self.E[...][tokens] + self.P[...][: tokens.shape[1]])
        for i, block in enumerate(self.blocks):
            inside = within(tap, f"blocks.{i}")
            resid = inside("resid", resid + block(resid, within(inside, "attn")))
        return tap("logits", resid @ self.U[...])


@sp.pytree
class DictionaryConfig:
    width: int = sp.whole()
    n_latents: int = sp.whole()
    k: int = sp.whole(default=4)

    def build(self, rngs):
        return Dictionary(self, rngs=rngs)


class Dictionary(nnx.Module):
    """At most k latents at a time, each with its direction."""

    def __init__(self, config, *, rngs):
        D = jax.random.normal(rngs.params(), (config.n_latents, config.width))
        D = D / jnp.linalg.norm(D, axis=-1, keepdims=True)
        self.D, self.E = nnx.Param(D), nnx.Param(D.T)
        self.b_enc, self.b_dec = nnx.Param(jnp.zeros(config.n_latents)), nnx.Param(jnp.zeros(config.width))
        self.config = sp.plain(config)

    def __call__(self, x, tap=silent):
        pre = jax.nn.relu((x - self.b_dec[...]) @ self.E[...] + self.b_enc[...])
        least = jax.lax.top_k(pre, self.config.k)[0][..., -1:]
        latents = tap("latents", jnp.where(pre >= least, pre, 0.0))
        return tap("out", latents @ self.D[...] + self.b_dec[...])
