r"""Directions of stored data points: which inputs a trained model has learnt by heart, and how they share its space.

`H` is `points hidden`, a model's hidden activations on its training set: what dimensionality says of features it says
of points (Henighan et al., 2023). A model that has stored T points in m dimensions shows m/T for each.
"""

import jax.numpy as jnp

from superpose.core.shapes import Array, Float
from superpose.geometry.checks import on_directions, on_matrices
from superpose.geometry.gram import dimensionality


@on_matrices("H", "points", "hidden")
def stored_dimensionality(H: Float[Array, "... points hidden"]) -> Float[Array, "... points"]:
    r"""The share of a hidden dimension each point owns, $D_X = \|h_i\|^2 / \sum_j (\hat h_i \cdot h_j)^2$.

    0 for a point that is mapped to nothing.
    """
    return dimensionality(H.mT)


@on_matrices("H", "points", "hidden")
def leverage(H: Float[Array, "... points hidden"]) -> Float[Array, "... points"]:
    r"""The most that a point can own along any direction: $\sup_v (v \cdot h_i)^2 / \sum_j (v \cdot h_j)^2$.

    That is $h_i^\top (H^\top H)^+ h_i$, its leverage score, which TMS's sequel writes $D^*$: from 0 to 1, summing to
    the rank, and never less than $D_X$. 1 is a point that a direction of its own tells from all others.
    """
    return _leverage(H)


@on_directions
def localisation(W: Float[Array, "... hidden features"]) -> Float[Array, "... features"]:
    r"""How nearly each feature lies in one eigenspace of the frame $W W^\top$: dimensionality over leverage.

    1 if it does, as in any sum of tight frames in orthogonal subspaces; 0 for an absent feature. Where all are 1, the
    dimensionalities fill the rank.
    """
    most = _leverage(W.mT)
    absent = most <= 0.0
    return jnp.where(absent, 0.0, dimensionality(W) / jnp.where(absent, 1.0, most))


def _leverage(H):
    """Directions weaker than rounding are none. By the shorter side, as points are many."""
    inverse = jnp.linalg.pinv(H, rtol=10 * min(H.shape[-2:]) * float(jnp.finfo(H.dtype).eps))
    return jnp.clip((H * inverse.mT).sum(-1), 0.0, 1.0)
