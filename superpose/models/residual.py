"""Features in a residual stream, and blocks of neurons that compute on them there."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from superpose.core.keys import stream
from superpose.core.mistakes import BadValue, check_room
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import plain, pytree, real, static, whole, word
from superpose.models.initial import INITS, matrix
from superpose.models.parts import ACTIVATIONS, WORDS, check_flags, check_input
from superpose.taps import Tap, silent, within


@pytree
class ResidualMLPConfig:
    r"""$r = W_E x$; each block adds $W_\mathrm{out}\,\mathrm{activation}(W_\mathrm{in} r + b)$; $y = W_E^\top r$.

    `embed` says what $W_E$ is. "random_unit": a fixed random direction of length 1 for each feature, a function of
    `embed_seed` and so the same in every instance. "identity": the stream holds the features themselves, so `width`
    is `n_features`. "trained": a parameter that starts by `init`.
    """

    n_features: int = whole()
    width: int = whole()
    n_neurons: int = whole()
    depth: int = whole(default=1, most=1000)
    embed: str = word(default="random_unit", among=("random_unit", "identity", "trained"))
    embed_seed: int = whole(default=0, least=0)
    activation: str = word(default="relu", among=WORDS)
    bias: bool = static(default=False)
    init: str = word(default="robust", among=INITS)
    scale: float = real(default=1.0, least=0)

    def __post_init__(self) -> None:
        check_flags(self, "bias")
        check_room("ResidualMLPConfig's W_E, width × n_features,", self.width, self.n_features)
        blocks = (self.depth, 2, self.width, self.n_neurons)
        check_room("ResidualMLPConfig's blocks, depth × 2 × width × n_neurons,", *blocks)
        if self.embed == "identity" and self.width != self.n_features:
            raise BadValue(
                f'ResidualMLPConfig.embed is "identity", which needs width to be n_features; '
                f"width is {self.width} and n_features {self.n_features}"
            )

    def build(self, rngs: nnx.Rngs) -> ResidualMLP:
        return ResidualMLP(self, rngs)


class ResidualMLP(nnx.Module):
    """Parameters of block 0: `blocks.0.W_in` "neurons width", `blocks.0.W_out` "width neurons", perhaps `blocks.0.b`.

    Training moves every array that a module holds, by weight decay if not by gradient. So a fixed embedding is not
    held: it is drawn again from its seed, which XLA lifts out of the training loop.
    """

    def __init__(self, config: ResidualMLPConfig, rngs: nnx.Rngs):
        key = rngs.params()
        self.config = plain(config)
        self.blocks = nnx.List([Block(config, stream(key, f"blocks.{i}")) for i in range(config.depth)])
        if config.embed == "trained":
            W_E = matrix(config.init, stream(key, "W_E"), config.width, config.n_features, scale=config.scale)
            self.W_E = nnx.Param(W_E)

    def __call__(self, x: Float[Array, "... features"], tap: Tap = silent) -> Float[Array, "... features"]:
        check_input(self, x, self.config.n_features)
        W_E = None if self.config.embed == "identity" else self.embedding()
        resid = tap("embed", x if W_E is None else x @ W_E.T)
        for i, block in enumerate(self.blocks):
            resid = block(resid, within(tap, f"blocks.{i}"))
        return tap("out", resid if W_E is None else resid @ W_E)

    def embedding(self) -> Float[Array, "width features"]:
        """$W_E$, whichever way the config has it."""
        c = self.config
        match c.embed:
            case "trained":
                return self.W_E[...]
            case "identity":
                return jnp.eye(c.n_features)
        # Drawn in single precision whatever the precision of the run, so that both have the same embedding.
        drawn = jax.random.normal(jax.random.key(c.embed_seed), (c.width, c.n_features), jnp.float32)
        W_E = drawn.astype(self.blocks[0].W_in[...].dtype)
        return W_E / jnp.linalg.norm(W_E, axis=0)


class Block(nnx.Module):
    """Neurons that read the stream and `write` to it; `resid` is the stream after them."""

    def __init__(self, config: ResidualMLPConfig, key: Key):
        self.activation = config.activation
        size, scale = (config.n_neurons, config.width), config.scale
        self.W_in = nnx.Param(matrix(config.init, stream(key, "W_in"), *size, scale=scale))
        self.W_out = nnx.Param(matrix(config.init, stream(key, "W_out"), *size[::-1], scale=scale))
        self.b = nnx.Param(jnp.zeros(config.n_neurons)) if config.bias else None

    def __call__(self, resid: Float[Array, "... width"], tap: Tap = silent) -> Float[Array, "... width"]:
        W_in, W_out = self.W_in[...], self.W_out[...]
        hidden = resid @ W_in.T
        if self.b is not None:
            hidden = hidden + self.b[...]
        hidden = tap("hidden", ACTIVATIONS[self.activation](tap("hidden.pre", hidden)))
        return tap("resid", resid + tap("write", hidden @ W_out.T))
