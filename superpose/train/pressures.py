"""What an objective may add to the error: penalties on weights and activations, noise at sites, attacks on inputs."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.keys import stream
from superpose.core.mistakes import BadValue, unknown
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import named_leaves, pytree, real, static, word
from superpose.worlds.base import Batch


def powered(e: Float[Array, "..."], power: float) -> Float[Array, "..."]:
    """|e|^power, with gradient 0 at e = 0 whatever the power."""
    if power == 1:
        return e * jnp.sign(e)  # the gradient of jnp.abs at 0 is 1
    if power % 2 == 0:
        return e ** int(power)
    size = jnp.abs(e)
    return jnp.where(size > 0, jnp.where(size > 0, size, 1.0) ** power, 0.0)


@pytree
class WeightPenalty:
    r"""$\lambda \sum |w|^q$ over the parameters whose names match `on`, a name or wildcard; $\lambda$ is `rate`."""

    on: str = static(default="W*")
    power: float = static(default=1.0)
    rate: float = real(least=0)

    def __post_init__(self) -> None:
        _check(self, "on")

    def cost(self, model: Any, heard: dict[str, Array], batch: Batch, axis: int = -1) -> Any:
        leaves = named_leaves(model)
        names = fnmatch.filter(leaves, self.on)
        if not names:
            raise unknown(f"no parameter of {type(model).__name__} matches", self.on, leaves)
        return self.rate * sum(powered(leaves[n], self.power).sum() for n in names)


@pytree
class ActivationPenalty:
    r"""$\lambda \langle \sum_a |h_a|^q \rangle$: the sum over the units of the sites that match, the mean over rows."""

    site: str = static(default="hidden")
    power: float = static(default=1.0)
    rate: float = real(least=0)

    def __post_init__(self) -> None:
        _check(self, "site")

    def cost(self, model: Any, heard: dict[str, Array], batch: Batch, axis: int = -1) -> Any:
        names = fnmatch.filter(heard, self.site)
        return self.rate * sum(batch.mean(rows(powered(heard[n], self.power), axis=axis)) for n in names)


@pytree
class SiteNoise:
    """`std` times a Gaussian, or a fair sign, added to every unit at one site.

    Fresh for each row (and position), or one vector for all rows of a step.
    """

    site: str = static(default="hidden")
    std: float = real(least=0)
    per: str = word(default="row", among=("row", "step"))
    kind: str = word(default="normal", among=("normal", "sign"))

    def __post_init__(self) -> None:
        _check(self, "site")

    def add(self, value: Array, key: Key) -> Array:
        shape = value.shape if self.per == "row" else value.shape[-1:]
        draw = jax.random.normal if self.kind == "normal" else jax.random.rademacher
        return value + self.std * draw(key, shape, value.dtype)


@pytree
class Attack:
    r"""A shift of each input by `budget` times the root mean square $\|x\|$, in a direction that hurts.

    gram      $\pm \hat G_j$ for a random feature $j$ of each row, $G = W^\top W$: what a linear toy's output $j$
              is most moved by.
    gradient  the gradient of the row's own error.

    No gradient flows through the choice of the shift.
    """

    kind: str = word(default="gram", among=("gram", "gradient"))
    budget: float = real(least=0)
    on: str = static(default="W")

    def __post_init__(self) -> None:
        _check(self, "on")

    def shift(self, model: Any, batch: Batch, key: Key, error: Callable[[Array], Array]) -> Array:
        x = batch.x
        if self.kind == "gram":
            away = self._gram(model, x, key)
        else:
            away = _unit(jax.grad(lambda x: error(x).sum())(x))
        size = jnp.sqrt(batch.mean((x * x).sum(-1)))
        return jax.lax.stop_gradient(self.budget * size * away)

    def _gram(self, model: Any, x: Float[Array, "batch features"], key: Key) -> Float[Array, "batch features"]:
        leaves = named_leaves(model)
        if self.on not in leaves:
            raise unknown(f"no parameter of {type(model).__name__} is called", self.on, leaves)
        W = leaves[self.on]
        if jnp.shape(W)[1:] != x.shape[-1:]:
            raise BadValue(f"Attack.on is {self.on!r}, of shape {jnp.shape(W)}; inputs have {x.shape[-1]} features")
        j = jax.random.randint(stream(key, "feature"), x.shape[:1], 0, x.shape[-1])
        sign = jax.random.rademacher(stream(key, "sign"), (x.shape[0], 1), x.dtype)
        return sign * _unit(W.T @ W)[j]


def rows(values: Float[Array, "..."], reduce: str = "sum", axis: int = -1) -> Float[Array, "batch"]:
    """One number a row: the units on `axis` are summed (or averaged), positions between it and the rows averaged."""
    values = values.sum(axis) if reduce == "sum" else values.mean(axis)
    return values if values.ndim == 1 else values.reshape(values.shape[0], -1).mean(-1)


def _unit(v: Float[Array, "... features"]) -> Float[Array, "... features"]:
    square = (v * v).sum(-1, keepdims=True)
    return v / jnp.sqrt(jnp.where(square > 0, square, 1.0))


def check_power(owner: Any) -> None:
    power = owner.power
    if isinstance(power, bool) or not isinstance(power, (int, float)) or not 0 < power < 100:
        raise BadValue(f"{type(owner).__name__}.power is {power!r}; it must be a number above 0 and below 100")
    object.__setattr__(owner, "power", float(power))


def _check(owner: Any, name: str) -> None:
    if not isinstance(getattr(owner, name), str):
        raise BadValue(f"{type(owner).__name__}.{name} is {getattr(owner, name)!r}; it must be a name or wildcard")
    if hasattr(owner, "power"):
        check_power(owner)
