"""What single neurons carry, where a nonlinearity makes them special. `W` is `hidden features` throughout."""

import jax
import jax.numpy as jnp

from superpose.core.shapes import Array, Bool, Float, Int
from superpose.geometry.checks import on_matrices
from superpose.geometry.gram import ABSENT


@jax.jit
def rescaled(
    W1: Float[Array, "... hidden inputs"], W2: Float[Array, "... outputs hidden"]
) -> tuple[Float[Array, "... hidden inputs"], Float[Array, "... outputs hidden"]]:
    r"""Each neuron in units of its own: its largest $|W_1|$ becomes 1, and $W_2$ is multiplied by the inverse.

    $W_2\,\mathrm{ReLU}(W_1 x)$ stays the same, and neurons can be compared (TMS, footnote 15). A neuron that reads
    nothing stays as it is.
    """
    W1, W2 = jnp.asarray(W1), jnp.asarray(W2)
    size = jnp.abs(W1).max(-1)
    size = jnp.where(size > ABSENT, size, 1.0)
    return W1 / size[..., None], W2 * size[..., None, :]


@jax.jit
def participation(W: Float[Array, "... hidden features"]) -> Float[Array, "... hidden"]:
    r"""How many features a neuron reads, in effect: $(\sum_i w_i^2)^2 / \sum_i w_i^4$.

    k equal weights give k, and weights much smaller than the largest add little. 0 for a neuron that reads nothing.
    """
    W = jnp.asarray(W)
    largest = jnp.abs(W).max(-1, keepdims=True)
    absent = largest <= ABSENT
    w = jnp.where(absent, 0.0, W / jnp.where(absent, 1.0, largest))  # fourth powers of small weights would vanish
    return (w**2).sum(-1) ** 2 / jnp.where(absent[..., 0], 1.0, (w**4).sum(-1))


@on_matrices("responses", "neurons", "features")
def selectivity(responses: Float[Array, "... neurons features"]) -> Float[Array, "... neurons"]:
    r"""The share of a neuron's positive response that its favourite feature has: $\max_i r_i / \sum_i r_i$ over r > 0.

    1 answers to one feature alone, 1/k to k alike, 0 to none. `responses` is what each feature alone makes of each
    neuron: `W` for a layer ReLU(W x), ReLU(W + b[:, None]) for one with a bias.
    """
    r = jnp.maximum(responses, 0.0)
    size = jax.lax.stop_gradient(r.max(-1, keepdims=True))
    silent = size == 0.0
    share = jnp.where(silent, 1.0, r / jnp.where(silent, 1.0, size))  # small numbers' slopes would overflow
    return jnp.where(silent[..., 0], 0.0, share.max(-1) / share.sum(-1))


def monosemantic(responses: Float[Array, "... neurons features"], least: float = 0.999) -> Bool[Array, "... neurons"]:
    """Which neurons answer to one feature: those of a selectivity above `least` (Jermyn et al., 2022)."""
    return selectivity(responses) > least


def features_read(W: Float[Array, "... hidden features"], least: float = 0.2) -> Int[Array, "... hidden"]:
    """How many weights of a neuron are larger than `least`: 1 is a monosemantic neuron, more a polysemantic one."""
    return (jnp.abs(jnp.asarray(W)) > least).sum(-1)


def neuron_order(W: Float[Array, "hidden features"], least: float = 0.2) -> Int[Array, "hidden"]:
    """An order to show neurons in: by the feature each reads most, monosemantic ones first, silent ones last."""
    W = jnp.asarray(W)
    count = features_read(W, least)
    kind = jnp.where(count == 0, 2, jnp.where(count == 1, 0, 1))
    return jnp.lexsort((-jnp.abs(W).max(-1), jnp.abs(W).argmax(-1), kind))
