"""The toy of superposition: features through a narrow layer and back."""

from __future__ import annotations

from typing import Any

from flax import nnx

from superpose.core.keys import stream
from superpose.core.mistakes import check_room
from superpose.core.shapes import Array, Float
from superpose.core.trees import plain, pytree, real, static, whole, word
from superpose.models.initial import INITS, matrix, vector
from superpose.models.layers import Wiring, answer
from superpose.models.parts import WORDS, check_flags, check_input
from superpose.taps import Tap, silent


@pytree
class ToyConfig:
    r"""$h = \mathrm{hidden}(W x)$ and $x' = \mathrm{activation}(V h + b)$, where $V = W^\top$ if tied.

    `activation="identity"` is the linear model; a `hidden` other than "identity" gives neurons a privileged basis.
    Biases start at N(0, `bias_scale`²). `instances` matters to the "faithful" start alone.
    """

    n_features: int = whole()
    n_hidden: int = whole()
    activation: str = word(default="relu", among=WORDS)
    hidden: str = word(default="identity", among=WORDS)
    hidden_bias: bool = static(default=False)
    tied: bool = static(default=True)
    bias: bool = static(default=True)
    init: str = word(default="robust", among=INITS)
    scale: float = real(default=1.0, least=0)
    bias_scale: float = real(default=0.0, least=0)
    instances: int = whole(default=1)

    def __post_init__(self) -> None:
        check_flags(self, "hidden_bias", "tied", "bias")
        check_room("ToyConfig's W, n_hidden × n_features,", self.n_hidden, self.n_features)

    def build(self, rngs: nnx.Rngs) -> Toy:
        return Toy(self, rngs)


class Toy(nnx.Module):
    """Parameters `W` "hidden features", and where the config has them `V` "features hidden", `b`, `b_hidden`."""

    def __init__(self, config: ToyConfig, rngs: nnx.Rngs):
        n, m, key = config.n_features, config.n_hidden, rngs.params()
        draw: dict[str, Any] = {"scale": config.scale, "instances": config.instances}
        self.config = plain(config)
        self.W = nnx.Param(matrix(config.init, stream(key, "W"), m, n, **draw))
        if not config.tied:
            self.V = nnx.Param(matrix(config.init, stream(key, "V"), n, m, **draw))
        if config.bias:
            self.b = nnx.Param(vector(stream(key, "b"), n, config.bias_scale))
        if config.hidden_bias:
            self.b_hidden = nnx.Param(vector(stream(key, "b_hidden"), m, config.bias_scale))

    @property
    def wiring(self) -> Wiring:
        c = self.config
        biases = ("b_hidden" if c.hidden_bias else None, "b" if c.bias else None)
        return Wiring("W", None if c.tied else "V", *biases, c.hidden, c.activation)

    def __call__(self, x: Float[Array, "... features"], tap: Tap = silent) -> Float[Array, "... features"]:
        check_input(self, x, self.config.n_features)
        return answer(self, x, tap)

    def decoder(self) -> Float[Array, "features hidden"]:
        r"""$V$, which is $W^\top$ in a tied toy."""
        return self.W[...].T if self.config.tied else self.V[...]
