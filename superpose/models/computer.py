"""Toys that compute on features in superposition: one layer of neurons, read in and out by two matrices."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import nnx

from superpose.core.keys import stream
from superpose.core.mistakes import BadValue, check_room
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import plain, pytree, real, static, whole, word
from superpose.models.initial import INITS, matrix, vector
from superpose.models.layers import Wiring, answer
from superpose.models.parts import WORDS, check_flags, check_input
from superpose.taps import Tap, silent


@pytree
class ComputerConfig:
    r"""$h = \mathrm{hidden}(W_1 x)$ and $y = \mathrm{activation}(W_2 h + b_2)$; `hidden_bias` adds $b_1$.

    `scale` multiplies the start of both matrices and `ratio` that of $W_2$ alone. `init="copied"` starts $W_1$ as
    "robust" does and $W_2$ at $|W_1|^\top$, which spares outputs that are born dead when features are rare.
    """

    n_inputs: int = whole()
    n_hidden: int = whole()
    n_outputs: int = whole()
    activation: str = word(default="relu", among=WORDS)
    hidden: str = word(default="relu", among=WORDS)
    hidden_bias: bool = static(default=False)
    bias: bool = static(default=True)
    init: str = word(default="robust", among=(*INITS, "copied"))
    scale: float = real(default=1.0, least=0)
    ratio: float = real(default=1.0, least=0)
    bias_scale: float = real(default=0.0, least=0)
    instances: int = whole(default=1)

    def __post_init__(self) -> None:
        check_flags(self, "hidden_bias", "bias")
        check_room("ComputerConfig's W1, n_hidden × n_inputs,", self.n_hidden, self.n_inputs)
        check_room("ComputerConfig's W2, n_outputs × n_hidden,", self.n_outputs, self.n_hidden)
        if self.init == "copied" and self.n_inputs != self.n_outputs:
            raise BadValue(
                f'ComputerConfig.init is "copied", which needs as many outputs as inputs; '
                f"n_inputs is {self.n_inputs} and n_outputs {self.n_outputs}"
            )

    def build(self, rngs: nnx.Rngs) -> Computer:
        return Computer(self, rngs)


class Computer(nnx.Module):
    """Parameters `W1` "hidden inputs", `W2` "outputs hidden", and where the config has them `b1`, `b2`."""

    def __init__(self, config: ComputerConfig, rngs: nnx.Rngs):
        key = rngs.params()
        W1, W2 = _matrices(config, key)
        self.config = plain(config)
        self.W1, self.W2 = nnx.Param(W1), nnx.Param(W2)
        if config.hidden_bias:
            self.b1 = nnx.Param(vector(stream(key, "b1"), config.n_hidden, config.bias_scale))
        if config.bias:
            self.b2 = nnx.Param(vector(stream(key, "b2"), config.n_outputs, config.bias_scale))

    @property
    def wiring(self) -> Wiring:
        c = self.config
        return Wiring("W1", "W2", "b1" if c.hidden_bias else None, "b2" if c.bias else None, c.hidden, c.activation)

    def __call__(self, x: Float[Array, "... inputs"], tap: Tap = silent) -> Float[Array, "... outputs"]:
        check_input(self, x, self.config.n_inputs)
        return answer(self, x, tap)


def _matrices(c: ComputerConfig, key: Key) -> tuple[Any, Any]:
    draw: dict[str, Any] = {"scale": c.scale, "instances": c.instances}
    W1 = matrix("robust" if c.init == "copied" else c.init, stream(key, "W1"), c.n_hidden, c.n_inputs, **draw)
    if c.init == "copied":
        W2 = jnp.abs(W1).T
    else:
        W2 = matrix(c.init, stream(key, "W2"), c.n_outputs, c.n_hidden, **draw)
    return W1, jnp.asarray(c.ratio, W2.dtype) * W2
