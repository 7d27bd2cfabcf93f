"""What training makes small: `objective(model, batch, key)` is a scalar, and its float fields may be swept."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import optax

from superpose.core.keys import stream
from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import leaf, pytree, static, word
from superpose.taps import tapped
from superpose.train.pressures import ActivationPenalty, Attack, SiteNoise, WeightPenalty, check_power, powered, rows
from superpose.worlds.base import Batch


@pytree
class Reconstruct:
    r"""$\langle \sum_i I_i |x'_i - y_i|^q \rangle$, plus penalties: $I$ is the batch's weight and $q$ is `power`.

    `reduce` sums or averages over features; over rows it is always the mean. `noise` is added at sites of the model,
    and an `attack` to its input; the target stays clean.
    """

    power: float = static(default=2.0, allows="a number above 0 and below 100")
    reduce: str = word(default="sum", among=("sum", "mean"))
    penalties: tuple = leaf(default=())
    noise: tuple = leaf(default=())
    attack: Any = leaf(default=None)

    def __post_init__(self) -> None:
        _tidy(self)
        if not isinstance(self.attack, Attack | None):
            raise BadValue(f"Reconstruct.attack is {self.attack!r}; it must be an Attack, or None")
        check_power(self)

    def __call__(self, model: Any, batch: Batch, key: Key) -> Float[Array, ""]:
        def run(x: Any, noise: tuple = (), sites: Any = ()) -> tuple[Array, dict[str, Array]]:
            out, heard = tapped(model, x, sites, _edits(noise, stream(key, "noise")))
            if jnp.shape(out) != jnp.shape(batch.y):
                raise BadValue(f"{type(model).__name__} returns {jnp.shape(out)}; the targets are {jnp.shape(batch.y)}")
            return out, heard

        x = batch.x
        if self.attack is not None:
            x = x + self.attack.shift(model, batch, stream(key, "attack"), lambda x: self._errors(run(x)[0], batch))
        out, heard = run(x, self.noise, _sites(self.penalties))
        return self.given(out, heard, model, batch)

    def given(self, out: Array, heard: dict[str, Array], model: Any, batch: Batch, axis: int = -1) -> Float[Array, ""]:
        """The loss, once the model has answered. Features, and units of sites, lie on `axis`."""
        return _with_costs(batch.mean(self._errors(out, batch, axis)), self.penalties, model, heard, batch, axis)

    def _errors(self, out: Array, batch: Batch, axis: int = -1) -> Float[Array, "batch"]:
        return rows(batch.weight * powered(out - batch.y, self.power), self.reduce, axis)


@pytree
class CrossEntropy:
    """The surprise, in nats, at the right answer `y` under logits on the last axis; the mean over rows and positions.

    The batch's weight multiplies each position's surprise.
    """

    penalties: tuple = leaf(default=())
    noise: tuple = leaf(default=())

    def __post_init__(self) -> None:
        _tidy(self)

    def __call__(self, model: Any, batch: Batch, key: Key) -> Float[Array, ""]:
        logits, heard = tapped(model, batch.x, _sites(self.penalties), _edits(self.noise, stream(key, "noise")))
        if jnp.shape(logits)[:-1] != jnp.shape(batch.y):
            name = type(model).__name__
            raise BadValue(f"{name} returns logits {jnp.shape(logits)}; the targets are {jnp.shape(batch.y)}")
        surprise = optax.softmax_cross_entropy_with_integer_labels(logits, batch.y)
        per_row = rows((batch.weight * surprise)[..., None], "sum")
        return _with_costs(batch.mean(per_row), self.penalties, model, heard, batch)


def _sites(penalties: tuple) -> list[str]:
    return [p.site for p in penalties if isinstance(p, ActivationPenalty)]


def _with_costs(loss: Any, penalties: tuple, model: Any, heard: dict[str, Array], batch: Batch, axis: int = -1) -> Any:
    for p in penalties:
        loss = loss + p.cost(model, heard, batch, axis)
    return loss


def _edits(noise: tuple, key: Key) -> dict[str, Any]:
    """One edit a site, in which the noises of that site follow one another."""
    edits: dict[str, Any] = {}
    for i, n in enumerate(noise):
        edits[n.site] = _after(edits.get(n.site), n, stream(key, f"{i}"))
    return edits


def _after(before: Any, noise: SiteNoise, key: Key) -> Any:
    return lambda value: noise.add(value if before is None else before(value), key)


def _tidy(objective: Any) -> None:
    """Lists become tuples, and one becomes a tuple of one, if they are what their field holds."""
    for name, kinds in (("penalties", (WeightPenalty, ActivationPenalty)), ("noise", (SiteNoise,))):
        given = getattr(objective, name)
        given = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if strangers := [g for g in given if not isinstance(g, kinds)]:
            allowed = " or ".join(k.__name__ for k in kinds)
            raise BadValue(f"{type(objective).__name__}.{name} has {strangers[0]!r}; each must be {allowed}")
        object.__setattr__(objective, name, given)


reconstruct = Reconstruct()
next_token = CrossEntropy()
