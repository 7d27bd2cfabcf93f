"""Optimisers and schedules as words, with rules for single parameters."""

from __future__ import annotations

import fnmatch
from typing import Any

import jax
import jax.numpy as jnp
import optax

from superpose.core.fields import Limits, check_real
from superpose.core.mistakes import BadValue, said, unknown
from superpose.core.shapes import Array, Float
from superpose.core.trees import leaf, named_leaves, pytree, real, static, word
from superpose.train.lbfgs import lbfgs
from superpose.worlds.features import check_number

KINDS = ("adam", "adamw", "sgd", "lamb", "muon", "lbfgs")
SCHEDULES = ("constant", "cosine", "quarter_cosine", "linear")


@pytree
class Rule:
    r"""What differs for the parameters whose names match `on`, a name or wildcard.

    Their learning rate is multiplied by `rate`, and they have a decoupled `decay` $\gamma$ of their own.
    "signed" decay pulls each column to length 1 when $\gamma < 0$: $W \leftarrow W - \eta|\gamma| W (1 - 1/\|W_i\|)$.
    """

    on: str = static()
    rate: float = real(default=1.0, least=0)
    decay: float = real(default=0.0)
    sign: str = word(default="plain", among=("plain", "signed"))

    def __post_init__(self) -> None:
        if not isinstance(self.on, str):
            raise BadValue(f"Rule.on is {said(self.on)}; it must be a name or wildcard")
        _check_numbers(self, "rate", "decay")


@pytree
class Optimizer:
    """An optimiser by its name, and what it has beyond a learning rate.

    `weight_decay` is decoupled; None is torch's 0.01 for "adamw" and 0 for the others. `clip` bounds the norm of each
    model's gradient, over all parameters. `momentum` belongs to "sgd" and "muon", where 0 means its usual 0.95.
    `warmup` is a share of the steps. "lbfgs" has a length of step of its own, and none of these.
    """

    kind: str = word(default="adam", among=KINDS)
    b1: float = real(default=0.9, least=0, below=1)
    b2: float = real(default=0.999, least=0, below=1)
    eps: float = real(default=1e-8, above=0)
    momentum: float = real(default=0.0, least=0, below=1)
    weight_decay: float | None = leaf(default=None, allows="a number at least 0, or none")
    warmup: float = real(default=0.0, least=0, most=1)
    clip: float | None = leaf(default=None, allows="a number above 0, or none")
    rules: tuple[Rule, ...] = leaf(default=())

    def __post_init__(self) -> None:
        for name, limits in (("weight_decay", Limits(least=0)), ("clip", Limits(above=0))):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, check_real(f"Optimizer.{name}", value, limits))
        object.__setattr__(self, "rules", _rules(self.rules))
        _check_numbers(self, "b1", "b2", "eps", "momentum", "weight_decay", "warmup", "clip")
        _check_meant(self)

    @property
    def decay(self) -> Any:
        """The weight decay, said or not."""
        if self.weight_decay is None:
            return 0.01 if self.kind == "adamw" else 0.0
        return self.weight_decay


def _check_numbers(owner: Any, *names: str) -> None:
    for name in names:
        check_number(f"{type(owner).__name__}.{name}", getattr(owner, name))


def _rules(given: Any) -> tuple[Rule, ...]:
    given = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    if strangers := [g for g in given if not isinstance(g, Rule)]:
        raise BadValue(f"Optimizer.rules has {said(strangers[0])}; each must be a Rule")
    return given


def _check_meant(o: Optimizer) -> None:
    """Refuse what this kind would pass over in silence."""
    passed_over: dict[str, tuple[str, ...]] = {"lbfgs": ("momentum", "weight_decay", "warmup", "clip", "rules")}
    for name in passed_over.get(o.kind, () if o.kind in ("sgd", "muon") else ("momentum",)):
        value = getattr(o, name)
        nothing = value is None or (not value if isinstance(value, (tuple, float)) else False)
        if not nothing and not isinstance(value, jax.core.Tracer):
            raise BadValue(f"Optimizer.{name} is {said(value)}; {o.kind!r} has none")


def transformation(
    optimizer: Optimizer, learning_rate: Any, schedule: str, steps: Any
) -> optax.GradientTransformationExtraArgs:
    """The whole update as optax has it; `update` is also told `step`, `value` and `value_fn`."""
    if optimizer.kind == "lbfgs":
        return lbfgs()
    clip = optax.identity() if optimizer.clip is None else optax.clip_by_global_norm(optimizer.clip)

    def descend(updates: Any, params: Any, step: Any) -> Any:
        rate = learning_rate * _warm(optimizer.warmup, step, steps) * _factor(schedule, step, steps)
        return _decayed(updates, params, rate, optimizer)

    return optax.chain(clip, _direction(optimizer), _with_step(descend))


def _direction(o: Optimizer) -> optax.GradientTransformation:
    adam = optax.scale_by_adam(o.b1, o.b2, o.eps)
    match o.kind:
        case "adam" | "adamw":
            return adam
        case "sgd":
            return optax.trace(decay=o.momentum)
        case "lamb":
            return optax.chain(adam, optax.add_decayed_weights(o.decay), optax.scale_by_trust_ratio())
        case "muon":
            beta = jnp.where(o.momentum > 0, o.momentum, 0.95)
            muon = optax.contrib.muon(1.0, beta=beta, adam_b1=o.b1, adam_b2=o.b2)
            return optax.chain(muon, optax.scale(-1.0))
    raise unknown("no optimiser is called", o.kind, KINDS)


def _with_step(descend: Any) -> optax.GradientTransformationExtraArgs:
    def update(updates: Any, state: Any, params: Any = None, *, step: Any, **_: Any) -> tuple[Any, Any]:
        return descend(updates, params, step), state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)


def _decayed(updates: Any, params: Any, rate: Any, o: Optimizer) -> Any:
    names = list(named_leaves(params))
    check_rules(o, names)
    leaves, tree = jax.tree.flatten(updates)
    everywhere = 0.0 if o.kind == "lamb" else o.decay

    def one(name: str, u: Array, p: Array) -> Array:
        scale, pull = 1.0, everywhere * p
        for rule in o.rules:
            if fnmatch.fnmatchcase(name, rule.on):
                scale, pull = scale * rule.rate, pull + _pull(rule, p)
        return (-rate * scale * (u + pull)).astype(p.dtype)

    return jax.tree.unflatten(tree, [one(*a) for a in zip(names, leaves, jax.tree.leaves(params), strict=True)])


def check_rules(optimizer: Optimizer, names: list[str]) -> None:
    for rule in optimizer.rules:
        if not fnmatch.filter(names, rule.on):
            raise unknown("no parameter matches the rule on", rule.on, names)


def _pull(rule: Rule, p: Float[Array, "..."]) -> Float[Array, "..."]:
    if rule.sign == "plain":
        return rule.decay * p
    norm = jnp.sqrt(jnp.maximum((p * p).sum(axis=0, keepdims=True), 1e-12))
    return jnp.where(rule.decay >= 0, rule.decay * p, jnp.abs(rule.decay) * p * (1 - 1 / norm))


def _factor(schedule: str, step: Any, steps: Any) -> Any:
    """The share of the learning rate used at `step` of 0 … steps − 1."""
    done = step / jnp.maximum(steps - 1, 1)
    match schedule:
        case "constant":
            return 1.0
        case "cosine":
            return 0.5 * (1 + jnp.cos(jnp.pi * done))
        case "quarter_cosine":
            return jnp.cos(0.5 * jnp.pi * done)
        case "linear":
            return 1 - done
    raise unknown("no schedule is called", schedule, SCHEDULES)


def _warm(warmup: Any, step: Any, steps: Any) -> Any:
    """Linear from 0 over the first `warmup` share of the steps."""
    return jnp.minimum(1.0, (step + 1) / jnp.maximum(warmup * steps, 1.0))
