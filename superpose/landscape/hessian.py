"""How the loss bends at a point: the whole matrix of second derivatives, its spectrum and its rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from superpose.core.mistakes import BadValue, check_room
from superpose.core.shapes import Array, Float, Int

LEAST = 1e-5
"""Share of the largest curvature from which a direction counts as bent."""


def hessian(loss: Callable[[Any], Any], params: Any) -> Float[Array, "params params"]:
    """Second derivatives of `loss(params)` by all parameters in a line, as `ravel_pytree` has them.

    Where the loss has a kink, as at a bias of exactly 0, they are those of one side.
    """
    x, unravel = flat(params)
    check_room("the matrix of second derivatives", x.size, x.size)
    found = jax.hessian(lambda x: loss(unravel(x)))(x)
    return 0.5 * (found + found.T)


def spectrum(loss: Callable[[Any], Any], params: Any) -> Float[Array, "params"]:
    """Every eigenvalue of the Hessian, from the least. For models of a few thousand parameters; else see `curvatures`.

    Give float64 parameters where the small ones matter: in float32 they drown in rounding at 1e-7 of the largest.
    """
    return jnp.linalg.eigvalsh(hessian(loss, params))


def rank(values: Float[Array, "... params"], least: float = LEAST) -> Int[Array, "..."]:
    """How many eigenvalues are not 0: above `least` of the largest, in absolute value. A matrix of zeros has none."""
    size = jnp.abs(values)
    return (size > least * size.max(-1, keepdims=True)).sum(-1)


def half_rank(loss: Callable[[Any], Any], params: Any, least: float = LEAST) -> Float[Array, ""]:
    r"""$\frac{1}{2}\,\mathrm{rank}\,H$: the local learning coefficient where the minimum is flat in no other way.

    At a minimum that is flat only along directions in which the loss stays the same, the two are equal; elsewhere λ is
    larger than this, and at most $d/2$.
    """
    values = spectrum(loss, params)
    return 0.5 * rank(values, least).astype(values.dtype)


def flat(params: Any) -> tuple[Array, Any]:
    """Parameters as one vector of floats, and the way back."""
    x, unravel = ravel_pytree(params)
    if not x.size or not jnp.issubdtype(x.dtype, jnp.floating):
        raise BadValue(f"a Hessian is by parameters that are floats; there are {x.size} of {x.dtype}")
    return x, unravel
