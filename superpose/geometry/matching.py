r"""Two sets of directions, one to one: which of A is which of B, how well each is found, and how sure that is.

Columns are directions. A direction shorter than `gram.ABSENT` has cosine 0 with all. Cosines are absolute unless
`signed`: a dictionary that found $-W_i$ found the feature.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float, Int
from superpose.geometry.assignment import EPS, auction, certified, hungarian
from superpose.geometry.gram import ABSENT, directions, norms

HOST = 2**22
"""Cosines up to which the host's exact assignment is the default: half a second."""


class Matching(NamedTuple):
    """Pairs (of A, of B) in the order of A, their signed cosines, what they sum to, and what nothing can exceed.

    `value` is the sum of what was matched, |cosine| or cosine; the best there is lies in [value, bound], and `gap` is
    bound - value. `absent_A` and `absent_B` name directions that are none; in a pair they have cosine 0.
    """

    pairs: Int[np.ndarray, "pairs 2"]
    cosines: Float[np.ndarray, "pairs"]
    value: float
    bound: float
    gap: float
    absent_A: tuple[int, ...]
    absent_B: tuple[int, ...]


def recover(
    A: Float[Array, "hidden n"], B: Float[Array, "hidden k"], signed: bool = False, exact: bool | None = None,
    eps: float = EPS,
) -> Matching:  # fmt: skip
    """The best assignment between two sets of directions: min(n, k) pairs, no direction twice.

    `exact` is the Hungarian method on the host, where bound is value; otherwise an auction on the device, whose gap is
    told, and at most about min(n, k) × eps. By default exact up to `HOST` cosines. Needs one table of n × k.
    """
    A, B = _finite("A", A), _finite("B", B)
    _check_pair(A, B)
    turned = A.shape[1] > B.shape[1]
    table = cosines(B, A, signed) if turned else cosines(A, B, signed)
    if exact if exact is not None else table.size <= HOST:
        columns, bound = hungarian(table), None
    else:
        found = auction(table, eps)
        columns, bound = np.asarray(found.columns), certified(table, found.prices)
    worth = np.asarray(table[np.arange(len(columns)), columns], np.float64).sum()
    pairs = np.stack([np.arange(len(columns)), columns], 1)
    pairs = pairs[np.argsort(columns)][:, ::-1] if turned else pairs
    value = float(worth)
    top = value if bound is None else max(bound, value)
    shared = np.asarray(_of_pairs(A, B, jnp.asarray(pairs)))
    return Matching(pairs, shared, value, top, top - value, _absent(A), _absent(B))


@partial(jax.jit, static_argnames="signed")
def cosines(
    A: Float[Array, "... hidden n"], B: Float[Array, "... hidden k"], signed: bool = True
) -> Float[Array, "... n k"]:
    r"""The table $\hat A_i \cdot \hat B_j$, or its absolute values."""
    table = jnp.matmul(directions(A).mT, directions(B), precision="highest")
    return table if signed else jnp.abs(table)


@partial(jax.jit, static_argnames="signed")
def mmcs(A: Float[Array, "hidden n"], B: Float[Array, "hidden k"], signed: bool = False) -> Float[Array, ""]:
    """Mean over A of the largest cosine with any of B, as `mmcs(truth, learnt)` is Sharkey et al.'s.

    One of B may serve many of A. The other direction, `mmcs(B, A)`, is another number.
    """
    return cosines(A, B, signed).max(-1).mean()


@partial(jax.jit, static_argnames="signed")
def uniqueness(A: Float[Array, "hidden n"], B: Float[Array, "hidden k"], signed: bool = False) -> Float[Array, ""]:
    """How many different ones of B are nearest to some of A, over how many A has: 1 if no two of A want the same.

    An absent direction of A is nearest to nothing.
    """
    nearest = jnp.where(norms(A) > ABSENT, cosines(A, B, signed).argmax(-1), B.shape[-1])
    hit = jnp.zeros(B.shape[-1], bool).at[nearest].set(True, mode="drop")
    return hit.sum().astype(A.dtype) / A.shape[-1]


def mcc(found: Matching) -> float:
    """Mean |cosine| of the matched pairs, of which there are min(n, k), absent directions included as 0."""
    return float(np.abs(found.cosines).mean())


def recovered(found: Matching, least: float = 0.9) -> int:
    """How many pairs have |cosine| above `least`."""
    return int((np.abs(found.cosines) > least).sum())


@jax.jit
def _of_pairs(A, B, pairs):
    return (directions(A)[:, pairs[:, 0]] * directions(B)[:, pairs[:, 1]]).sum(0)


def _absent(W):
    return tuple(np.flatnonzero(np.asarray(norms(W)) <= ABSENT).tolist())


def _finite(name, W):
    W = jnp.asarray(W)
    if W.ndim != 2 or 0 in W.shape or not jnp.issubdtype(W.dtype, jnp.floating):
        raise ValueError(f"{name} is {W.dtype} of shape {W.shape}; give one floating-point matrix (hidden, directions)")
    broken = np.flatnonzero(~np.isfinite(np.asarray(W).sum(0, dtype=np.float64)))
    if broken.size:
        raise ValueError(f"{name} has columns that are not finite: {', '.join(map(str, broken[:8]))} of {W.shape[1]}")
    return W


def _check_pair(A, B):
    if A.shape[0] != B.shape[0] or A.dtype != B.dtype:
        raise ValueError(f"A is {A.dtype} {A.shape} and B {B.dtype} {B.shape}; hidden and type must be the same")
