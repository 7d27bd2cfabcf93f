"""The spectrum of a Hessian too large to write out, from products with vectors alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float, Key
from superpose.landscape.hessian import flat


class Curvatures(NamedTuple):
    """Ritz values from the least, how much of the spectrum each stands for, and how far each is from an eigenvalue.

    `weights` sum to 1 over the values of one start. Each value is within `residuals` of some eigenvalue.
    """

    values: Float[Array, "... ritz"]
    weights: Float[Array, "... ritz"]
    residuals: Float[Array, "... ritz"]


def product(loss: Callable[[Any], Any], params: Any) -> Callable[[Float[Array, "params"]], Float[Array, "params"]]:
    """Hessian times vector, parameters in a line: the cost of about two gradients, whatever their number."""
    x, unravel = flat(params)
    slope = jax.grad(lambda x: loss(unravel(x)))
    return lambda v: jax.jvp(slope, (x,), (v,))[1]


def curvatures(loss: Callable[[Any], Any], params: Any, key: Key, *, rounds: int = 64, starts: int = 1) -> Curvatures:
    """Lanczos from `starts` random directions, `rounds` products each: the ends of the spectrum converge first.

    Every direction is made orthogonal to all before it, twice, so no eigenvalue comes up as a ghost. With as many
    rounds as parameters the values are the spectrum, one of each that is repeated.
    """
    x, _ = flat(params)
    if rounds < 1 or starts < 1:
        raise BadValue(f"curvatures takes at least one round and one start, not {rounds} and {starts}")
    begin = jax.random.normal(key, (starts, x.size)).astype(x.dtype)
    apply, most = product(loss, params), min(rounds, x.size)
    return jax.lax.map(lambda v: _lanczos(apply, v, most), begin)


def ends(found: Curvatures, n: int = 1) -> tuple[Float[Array, "... n"], Float[Array, "... n"]]:
    """The `n` least and the `n` largest eigenvalues, from the start that went furthest to either side."""
    low = found.values[found.values[:, 0].argmin(), :n]
    high = found.values[found.values[:, -1].argmax(), -n:]
    return low, high


def density(found: Curvatures, at: Float[Array, "points"], width: Any) -> Float[Array, "points"]:
    """The spectral density at some curvatures, each Ritz value a bell of standard deviation `width`; integral 1."""
    bells = jnp.exp(-0.5 * ((at - found.values[..., None]) / width) ** 2) / (width * jnp.sqrt(2 * jnp.pi))
    return (found.weights[..., None] * bells).sum(-2).reshape(-1, at.shape[0]).mean(0)


def _lanczos(apply: Any, start: Float[Array, "params"], rounds: int) -> Curvatures:
    """Where the directions run out, what remains of the tridiagonal matrix is cut off, and weighs nothing."""
    eps = jnp.finfo(start.dtype).eps

    def step(i: Any, carried: tuple) -> tuple:
        basis, a, b, going = carried
        v = basis[i]
        w = apply(v)
        a = a.at[i].set(jnp.where(going, v @ w, 0.0))
        for _ in range(2):
            w = w - basis.T @ (basis @ w)
        size = jnp.sqrt(w @ w)
        scale = jnp.abs(a).max() + jnp.abs(b).max()
        going = going & (size > 10 * eps * scale)
        b = b.at[i].set(jnp.where(going, size, 0.0))
        follow = jnp.where(going, w / jnp.where(size > 0, size, 1.0), 0.0)
        return basis.at[i + 1].set(follow), a, b, going

    basis = jnp.zeros((rounds + 1, start.size), start.dtype).at[0].set(start / jnp.sqrt(start @ start))
    zero = jnp.zeros(rounds, start.dtype)
    _, a, b, _ = jax.lax.fori_loop(0, rounds, step, (basis, zero, zero, jnp.asarray(True)))
    values, vectors = jnp.linalg.eigh(jnp.diag(a) + jnp.diag(b[:-1], 1) + jnp.diag(b[:-1], -1))
    return Curvatures(values, vectors[0] ** 2, jnp.abs(b[-1] * vectors[-1]))
