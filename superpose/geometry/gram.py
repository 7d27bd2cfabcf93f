"""How feature directions share space, read off the matrix that embeds them.

Products are taken at full precision, because accelerators round them to ten bits unless asked. Leading axes are carried
along. A column shorter than `ABSENT` has no direction: measures of it are 0, and so are their gradients.
"""

import jax.numpy as jnp

from superpose.core.shapes import Array, Bool, Float
from superpose.geometry.checks import on_directions

ABSENT = 1e-6


@on_directions
def dimensionality(W: Float[Array, "... hidden features"]) -> Float[Array, "... features"]:
    r"""The share of a hidden dimension each feature owns: $\|W_i\|^4 / \sum_j (W_i \cdot W_j)^2$.

    1 is a dimension to itself, 1/2 an antipodal pair, 2/5 a pentagon, 0 an absent feature. The shares sum to at most
    the rank of W, and to exactly that where every W_i is an eigenvector of $\sum_j W_j W_j^\top$. TMS writes it D,
    Scherlis et al. call it capacity.
    """
    length, overlap = norms(W), _overlaps(W)
    absent = length <= ABSENT
    return jnp.where(absent, 0.0, length**2 / jnp.where(absent, 1.0, (overlap**2).sum(-1)))


capacity = dimensionality


@on_directions
def superposition(W: Float[Array, "... hidden features"]) -> Float[Array, "... features"]:
    r"""How much of the others lies along each feature: $\sum_{j \ne i} (\hat W_i \cdot W_j)^2$. 0 is alone.

    Only W_i is normalised, so an absent feature disturbs nobody. TMS colours its figures by this, clipped to [0, 1].
    """
    return (_off_diagonal(_overlaps(W)) ** 2).sum(-1)


@on_directions
def interference(W: Float[Array, "... hidden features"]) -> Float[Array, "... features features"]:
    """The products of different directions: the gram with nothing on its diagonal."""
    return _off_diagonal(gram(W))


@on_directions
def gram(W: Float[Array, "... hidden features"]) -> Float[Array, "... features features"]:
    r"""All products of two directions, $W^\top W$."""
    return jnp.matmul(W.mT, W, precision="highest")


@on_directions
def norms(W: Float[Array, "... hidden features"]) -> Float[Array, "... features"]:
    """How long each feature's direction is; about 1 when it is represented."""
    squares = (W**2).sum(-2)
    zero = squares == 0.0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squares)))


@on_directions
def directions(W: Float[Array, "... hidden features"]) -> Float[Array, "... hidden features"]:
    r"""Where each feature points, $\hat W_i = W_i / \|W_i\|$; nowhere if it is absent."""
    length = norms(W)[..., None, :]
    absent = length <= ABSENT
    return jnp.where(absent, 0.0, W / jnp.where(absent, 1.0, length))


def represented(W: Float[Array, "... hidden features"], least: float = 0.5) -> Bool[Array, "... features"]:
    """Which features the matrix keeps: those longer than `least`."""
    return norms(W) > least


@on_directions
def features_per_dimension(W: Float[Array, "... hidden features"]) -> Float[Array, "..."]:
    r"""How many features each hidden dimension carries, $\|W\|_F^2 / m$, counting a feature by its squared norm."""
    return (W**2).sum((-2, -1)) / W.shape[-2]


@on_directions
def dimensions_per_feature(W: Float[Array, "... hidden features"]) -> Float[Array, "..."]:
    r"""How much of a dimension a feature gets, TMS's $D^* = m / \|W\|_F^2$; infinite if nothing is represented."""
    density = features_per_dimension(W)
    empty = density <= ABSENT**2
    return jnp.where(empty, jnp.inf, 1.0 / jnp.where(empty, 1.0, density))


@on_directions
def basis_alignment(W: Float[Array, "... hidden features"], least: float = 0.5) -> Float[Array, "..."]:
    r"""How nearly represented features lie along single neurons: the mean of their largest |cosine| with one.

    1 is a feature per neuron, $1/\sqrt m$ the least there is. 0 if nothing is represented.
    """
    kept = represented(W, least)
    nearest = jnp.abs(directions(W)).max(-2)
    return jnp.where(kept, nearest, 0.0).sum(-1) / jnp.maximum(kept.sum(-1), 1).astype(nearest.dtype)


def _overlaps(W):
    return jnp.matmul(directions(W).mT, W, precision="highest")


def _off_diagonal(square):
    return jnp.where(jnp.eye(square.shape[-1], dtype=bool), 0.0, square)
