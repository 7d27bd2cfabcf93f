r"""What an arrangement of directions costs when one feature is on at a time, at its best norm and bias.

With $x' = \mathrm{ReLU}(W^\top W x + b)$, squared norm a, one shared bias b and x uniform on [0, 1], it is all cubics.
Where every corner looks alike (a vertex-transitive arrangement) one norm and one bias do; elsewhere this is a bound.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from superpose.core.shapes import Array, Float
from superpose.geometry.gram import directions, gram

_GRID, _ROUNDS = 17, 40


class Packing(NamedTuple):
    """How an arrangement does at its best: loss per active feature, and the norm and bias that reach it."""

    loss: Float[Array, ""]
    norm: Float[Array, ""]
    bias: Float[Array, ""]


@jax.jit
def one_sparse_optimum(W: Float[Array, "hidden features"]) -> Packing:
    """The least loss per active feature over one common norm and one common bias; 0 when no two directions agree.

    Lengths in W are ignored. The loss can be differentiated by the directions: at the optimum norm and bias hold still.
    """
    cosines = gram(directions(W))
    a, b = jax.lax.stop_gradient(_settle(cosines))
    return Packing(_energy(cosines, a, b), jnp.sqrt(a), b)


@jax.jit
def one_sparse_energy(W: Float[Array, "hidden features"], a: ArrayLike, b: ArrayLike) -> Float[Array, ""]:
    """Loss per active feature, averaged over features, at squared norm a and bias b."""
    return _energy(gram(directions(W)), jnp.asarray(a), jnp.asarray(b))


@jax.jit
def own_error(a: ArrayLike, b: ArrayLike) -> Float[Array, "..."]:
    r"""$\int_0^1 (x - \mathrm{ReLU}(a x + b))^2 dx$ for a ≥ 0: what the feature that is on loses."""
    a, b = _floats(a, b)
    at_once = (b > 0.0) | ((b == 0.0) & (a > 0.0))
    late = ~at_once & (a > jnp.maximum(-b, _tiny(a)))
    t = jnp.where(at_once, 0.0, jnp.where(late, -b / jnp.where(late, a, 1.0), 1.0))
    spoken = (1.0 - a) ** 2 * (1.0 - t**3) / 3.0 - (1.0 - a) * b * (1.0 - t**2) + b**2 * (1.0 - t)
    return t**3 / 3.0 + spoken


@jax.jit
def spill(c: ArrayLike, b: ArrayLike) -> Float[Array, "..."]:
    r"""$\int_0^1 \mathrm{ReLU}(c x + b)^2 dx$: what it costs a feature that is off, whose product with it is c."""
    c, b = _floats(c, b)
    start, end = jnp.maximum(b, 0.0), jnp.maximum(c + b, 0.0)
    always = jnp.minimum(start, end) > 0.0
    partly = ~always & (jnp.abs(c) > _tiny(c))
    awake = jnp.where(always, 1.0, jnp.where(partly, (end - start) / jnp.where(partly, c, 1.0), 0.0))
    return awake * (start**2 + start * end + end**2) / 3.0


def _floats(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    kind = jnp.result_type(a, b, 0.0)
    return jnp.asarray(a, kind), jnp.asarray(b, kind)


def _tiny(a):
    """Below this a third power is nothing: no slope of a quotient by it can be told from 0/0."""
    return jnp.finfo(a.dtype).tiny ** (1 / 3)


def _energy(cosines, a, b):
    same = jnp.eye(cosines.shape[-1], dtype=bool)
    others = jnp.where(same, 0.0, spill(a * cosines, b)).sum((-2, -1))
    return own_error(a, b) + others / cosines.shape[-1]


def _settle(cosines):
    """Minimise by a grid that zooms: the landscape has kinks where features fall silent, and only two coordinates.

    Those are the answer to a full feature, y = a + b, and the value t at which it starts to answer: both lie in [0, 1]
    for any arrangement, while a and b run off to infinity together as directions crowd.
    """
    at = jnp.linspace(-1.0, 1.0, _GRID, dtype=cosines.dtype)
    grid = jnp.stack([g.ravel() for g in jnp.meshgrid(at, at, indexing="ij")], axis=-1)

    def zoom(i, centre):
        near = jnp.clip(centre + 0.5 ** i.astype(at.dtype) * 0.5 * grid, 0.0, jnp.array([1.5, 0.999], at.dtype))
        return near[jax.vmap(lambda yt: _energy(cosines, *_norm_and_bias(yt)))(near).argmin()]

    return _norm_and_bias(jax.lax.fori_loop(0, _ROUNDS, zoom, jnp.full(2, 0.5, at.dtype)))


def _norm_and_bias(yt):
    a = yt[0] / (1.0 - yt[1])
    return a, -a * yt[1]
