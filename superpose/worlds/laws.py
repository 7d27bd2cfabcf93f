"""How large a feature is once it is on: one uniform draw says whether, which and how large.

A uniform number below p is itself uniform on [0, p), so what is left of it after the decision is as good as a
fresh draw. In float32 it keeps a step of 1.2e-7 / p, fine down to densities of about 1e-4.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from superpose.core.shapes import Array, Bool, Float, Key

VALUES = ("uniform", "signed", "one", "normal")
"""U[0, 1]; U[-1, 1]; always 1; N(0, 1), which has both signs and takes a second draw."""

Drawn = tuple[Bool[Array, "..."], Float[Array, "..."]]
"""What is on, and how large it is if it is; `on` has the full shape and `size` broadcasts against it."""

LAWS = {"uniform": lambda v: v, "signed": lambda v: 2.0 * v - 1.0, "one": jnp.ones_like}


def sizes(key: Key, shape: tuple[int, ...], values: str) -> Float[Array, "..."]:
    """Every entry on."""
    return jax.random.normal(key, shape) if values == "normal" else LAWS[values](jax.random.uniform(key, shape))


def sometimes(key: Key, p: Float[Array, "..."], shape: tuple[int, ...], values: str) -> Drawn:
    """Each entry on with chance `p`, which broadcasts against `shape`."""
    if values == "normal":
        k_on, k_size = jax.random.split(key)
        return jax.random.uniform(k_on, shape) < p, jax.random.normal(k_size, shape)
    u = jax.random.uniform(key, shape)
    return u < p, LAWS[values](u / p)


def one_of(key: Key, p: Float[Array, "..."], shape: tuple[int, ...], k: int, values: str) -> Drawn:
    """With chance `p` one of k entries is on, each as likely as the others; a new last axis holds them."""
    k_on, k_size = jax.random.split(key) if values == "normal" else (key, None)
    u = jax.random.uniform(k_on, shape)
    place = k * (u / p)
    member = jnp.minimum(jnp.floor(place), k - 1.0)
    on = (u < p)[..., None] & (member[..., None] == jnp.arange(k, dtype=member.dtype))
    size = LAWS[values](place - member) if k_size is None else jax.random.normal(k_size, shape)
    return on, size[..., None]
