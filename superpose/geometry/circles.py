"""Features that come round in a circle, as hours and months do: whether their directions do too.

Features stand in their cyclic order: feature i is between i - 1 and i + 1, the last beside the first. `W[:, order]`
puts them so.
"""

import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float
from superpose.geometry.checks import on_directions
from superpose.geometry.gram import ABSENT, norms
from superpose.geometry.overlaps import cosines


@on_directions
def cyclic_neighbours(W: Float[Array, "... hidden features"]) -> Float[Array, "..."]:
    """The share of features whose nearest other feature, by cosine, is one beside it in the cycle.

    1 is a circle, 2/(n - 1) chance. A tie is in the cycle's favour; absent features are left out; 0 if all are.
    """
    distance, present = _distance(W.shape[-1]), norms(W) > ABSENT
    near = jnp.where(present[..., None, :], cosines(W), -jnp.inf)
    beside = near.max(-1, initial=-jnp.inf, where=distance == 1)
    beyond = near.max(-1, initial=-jnp.inf, where=distance > 1)
    good = present & (beside >= beyond) & jnp.isfinite(beside)
    return good.sum(-1).astype(W.dtype) / jnp.maximum(present.sum(-1), 1).astype(W.dtype)


@on_directions
def cosine_at_offsets(W: Float[Array, "... hidden features"]) -> Float[Array, "... offsets"]:
    r"""The mean cosine of features 0, 1, 2, …, ⌊n/2⌋ apart in the cycle: $\cos(2\pi k / n)$ for a regular polygon.

    Over present features; 0 at an offset where no two are.
    """
    distance, present = _distance(W.shape[-1]), norms(W) > ABSENT
    at = distance == np.arange(distance.max() + 1)[:, None, None]
    counted = at & (present[..., :, None] & present[..., None, :])[..., None, :, :]
    size = jnp.maximum(counted.sum((-2, -1)), 1).astype(W.dtype)
    return jnp.where(counted, cosines(W)[..., None, :, :], 0.0).sum((-2, -1)) / size


@on_directions
def harmonics(W: Float[Array, "... hidden features"]) -> Float[Array, "... frequencies"]:
    r"""How the squared norm of W divides among waves that run 0, 1, 2, …, ⌊n/2⌋ times round the cycle.

    They sum to 1. A circle has all in frequency 1, and in frequency 0 is what all features share; a frequency fills one
    dimension or two. 0 for a matrix of zeros.
    """
    n = W.shape[-1]
    _distance(n)
    power = (jnp.abs(jnp.fft.rfft(W, axis=-1)) ** 2).sum(-2)
    twice = np.where((np.arange(n // 2 + 1) * 2) % n == 0, 1.0, 2.0)  # the other half of the waves run backwards
    power = power * jnp.asarray(twice, power.dtype)
    total = power.sum(-1, keepdims=True)
    return jnp.where(total > 0.0, power / jnp.where(total > 0.0, total, 1.0), 0.0)


def _distance(n):
    """How far apart any two places in the cycle are."""
    if n < 3:
        raise ValueError(f"W has {n} features; a cycle has at least 3")
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return np.minimum(apart, n - apart)
