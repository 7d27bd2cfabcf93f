"""What is on and how large it is, from uniform numbers: one says whether, which and how large.

A uniform number below p is itself uniform on [0, p), so what is left of it after the decision is as good as a
fresh draw. In float32 it keeps a step of 1.2e-7 / p, fine down to densities of about 1e-4. The batch is the last axis
of everything here: whatever reads features one after another then finds each of them contiguous.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from superpose.core.shapes import Array, Bool, Float

VALUES = ("uniform", "signed", "one", "normal")
"""U[0, 1]; U[-1, 1]; always 1; N(0, 1), which has both signs and takes a second draw."""

Drawn = tuple[Bool[Array, "..."], Float[Array, "..."]]
"""What is on, and how large it is if it is; `on` has the full shape and `size` broadcasts against it."""


def _normal(v: Float[Array, "..."]) -> Float[Array, "..."]:
    """The inverse of the normal distribution function, kept finite at 0."""
    lowest = jnp.nextafter(jnp.asarray(-1.0, v.dtype), jnp.asarray(0.0, v.dtype))
    return 2**0.5 * jax.lax.erf_inv(jnp.maximum(2.0 * v - 1.0, lowest))


LAWS = {"uniform": lambda v: v, "signed": lambda v: 2.0 * v - 1.0, "one": lambda v: jnp.ones_like(v), "normal": _normal}


def draws(n: int, values: str) -> int:
    """How many uniform numbers n decisions take."""
    return 2 * n if values == "normal" else n


def sometimes(u: Float[Array, "draws batch"], p: Float[Array, "..."], values: str) -> Drawn:
    """Each entry on with chance `p`, one number or one for each."""
    p = _each(p)
    if values == "normal":
        u, v = jnp.split(u, 2)
        return u < p, LAWS[values](v)
    return u < p, LAWS[values](u * (1.0 / p))


def one_of(u: Float[Array, "draws batch"], p: Float[Array, "..."], k: int, values: str) -> Drawn:
    """With chance `p` one of k entries is on, each as likely as the others; the axis before the batch holds them."""
    p = _each(p)
    u, v = jnp.split(u, 2) if values == "normal" else (u, None)
    place = u * (k / p)
    member = jnp.minimum(jnp.floor(place), k - 1.0)
    on = (u < p)[:, None] & (member[:, None] == jnp.arange(k, dtype=member.dtype)[:, None])
    return on, LAWS[values](place - member if v is None else v)[:, None]


def together(u: Float[Array, "draws batch"], p: Float[Array, "sets"], k: int, values: str) -> Drawn:
    """All k entries of a set on with chance `p`, sizes apart: what is left of a set's own number is its first size.

    Sizes keep two axes throughout: turned to sets and entries and back, they would no longer fuse with what uses them.
    """
    sets = len(p)
    match values:
        case "one":
            own, size = u[:, None], jnp.ones((), u.dtype)
        case "normal":
            own, size = u[:sets, None], LAWS[values](u[sets:])
        case _:
            first = jnp.arange(sets * k) % k == 0
            own = u.reshape(sets, k, -1)[:, :1]
            size = LAWS[values](u * jnp.where(first, jnp.repeat(1.0 / p, k), 1.0)[:, None])
    on = jnp.broadcast_to(own < p[:, None, None], (sets, k, u.shape[-1]))
    return on.reshape(sets * k, -1), size


def _each(p: Float[Array, "..."]) -> Float[Array, "..."]:
    """A row of its own for each number, to stand against a batch."""
    return p[:, None] if p.ndim else p
