"""Which arrangement should win when one feature's importance differs, and where the winner changes.

TMS's phase diagrams in theory: all features have density p, the extra one importance r, the others 1. One hidden
dimension is shared by two features, or two by three. `PHASES[n_hidden]` names the codes: how the extra feature fares.
"""

import jax.numpy as jnp
from jax.typing import ArrayLike

from superpose.core.shapes import Array, Float, Int
from superpose.geometry.losses import antipodal, ignored

PHASES = {
    1: ("ignored", "dedicated", "antipodal"),
    2: ("ignored", "dedicated", "antipodal", "dedicated beside a pair"),
}
TRIPLE_POINT = (1.0, 4 / 7)  # (r, p) where all phases of either diagram cost the same


def losses(r: ArrayLike, p: ArrayLike, n_hidden: int = 1) -> Float[Array, "phase ..."]:
    """What each phase costs, in the order of `PHASES[n_hidden]`.

    With two dimensions a triangle of all three is left out, as it is in TMS.
    """
    fates = [ignored(p, r), ignored(p), antipodal(p, p, 1.0, r), antipodal(p, p)]
    return jnp.stack(jnp.broadcast_arrays(*fates[: len(_phases(n_hidden))]))


def winner(r: ArrayLike, p: ArrayLike, n_hidden: int = 1) -> Int[Array, "..."]:
    """The cheapest phase, an index into `PHASES[n_hidden]`; the earlier one on a boundary."""
    return losses(r, p, n_hidden).argmin(0)


def boundary(r: ArrayLike, n_hidden: int = 1) -> Float[Array, "..."]:
    """The density below which sharing a dimension wins.

    $4r / (2 + 5r)$ where the extra feature matters less. Where it matters more, $4 / (5 + 2r)$ in one dimension; in two
    the others pair up instead, and r falls out: 4/7. Above it, what is dedicated changes at r = 1.
    """
    _phases(n_hidden)
    r = jnp.asarray(r)
    beyond = 4.0 / (5.0 + 2.0 * r) if n_hidden == 1 else TRIPLE_POINT[1]
    return jnp.where(r < 1.0, 4.0 * r / (2.0 + 5.0 * r), beyond)


def _phases(n_hidden):
    if n_hidden not in PHASES:
        raise ValueError(f"n_hidden is {n_hidden}; phases are worked out for {sorted(PHASES)}")
    return PHASES[n_hidden]
