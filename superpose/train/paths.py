"""How a recipe's gradient is computed: in closed form where there is one, by autodiff for all else."""

from __future__ import annotations

import functools
from typing import Any

import jax

from superpose.core.mistakes import BadValue
from superpose.core.trees import pytree, whole, word
from superpose.models import layers
from superpose.train import fused
from superpose.train.objectives import Reconstruct
from superpose.train.pressures import ActivationPenalty
from superpose.train.recipe import Recipe

SLOPES = ("autodiff", *layers.FORMS, "active", "fused")
IN_DOUBT, IN_DOUBT_SHARED = range(3, 33), range(1, 33)
"""Numbers of features for which only a clock can tell the faster form: for rows of one's own, and for rows of all.

Fewer and more go "direct".
"""
LARGE = 2**12
"""Features from which it may pay to look at those that are on alone, where they are few."""
DENSE = {"cpu": 2**26}
"""Numbers of a batch that are too many to write out, 2**30 on an accelerator: beyond, "active" goes untimed."""


@pytree
class Path:
    """All that fixes the bits of a run beside its recipe and key. A run keeps the one it took.

    `slope` is "autodiff", or the closed form of two layers: "direct", "gram", "fused", a kernel that draws as it goes,
    or "active", which looks only at what is on: `active` features of a row at most, else 0. `vector` is the number of
    bits in a vector register that the compiler is asked to prefer, 0 for its own choice. `width` models make a unit.
    """

    slope: str = word(default="autodiff", among=SLOPES)
    vector: int = whole(default=0, least=0)
    width: int = whole(default=1)
    active: int = whole(default=0, least=0)

    def __post_init__(self) -> None:
        if (self.slope == "active") != (self.active > 0):
            raise BadValue(f'Path.active is {self.active} and its slope {self.slope!r}; above 0 goes with "active"')

    def options(self, batch: Any) -> dict[str, Any] | None:
        """What the compiler is told of a run with such batches."""
        exact = batch == "all" and self.slope in layers.FORMS
        wide = {"xla_cpu_prefer_vector_width": str(self.vector)} if self.vector else {}
        return {**wide, **(plain() or {})} if exact else wide or None


@functools.cache
def plain() -> dict[str, Any] | None:
    """The compiler's older way to write loops, which takes it a quarter less time, where it still has it.

    Starts and exact rows come out the same to the bit, and no slower; a sampled step of 20 features loses a third.
    """
    older: dict[str, Any] = {"xla_cpu_use_fusion_emitters": False}
    return older if jax.default_backend() == "cpu" and understood(older) else None


def understood(options: dict[str, Any]) -> bool:
    """Whether this compiler has such options: those made for its own makers come and go."""
    try:
        jax.jit(lambda x: x).lower(0.0).compile(compiler_options=options)
    except jax.errors.JaxRuntimeError:
        return False
    return True


def forms(recipe: Recipe, model: Any, batch: Any, room: int = 0, backend: str = "cpu") -> tuple[str, ...]:
    """The slopes worth trying, the likeliest first, for the shapes of a model and a batch.

    `room` is the most features that may be on together, where they are few, else 0.
    """
    if not closed(recipe, model, batch):
        return ("autodiff",)
    features = batch.x.shape[1]
    if room and features * recipe.batch > DENSE.get(backend, 2**30):
        return ("active",)
    if room and features >= LARGE and backend == "cpu":
        return ("active", "direct")
    listens = any(isinstance(p, ActivationPenalty) for p in recipe.objective.penalties)  # type: ignore[attr-defined]
    doubt = IN_DOUBT_SHARED if recipe.batch == "all" else IN_DOUBT
    sure = listens or not model.wiring.gram or features not in doubt
    compiled = ("direct",) if sure else ("gram", "direct")
    return compiled if fused.lacks(recipe, model) else (*compiled, "fused")


def closed(recipe: Recipe, model: Any, batch: Any) -> bool:
    """Whether the gradient is known in closed form: two layers under an error, whatever it costs to be large."""
    objective = recipe.objective
    if recipe.optimizer.kind == "lbfgs" or not hasattr(model, "wiring") or not isinstance(objective, Reconstruct):
        return False
    plain = not objective.noise and objective.attack is None
    heard = all(p.site == "hidden" for p in objective.penalties if isinstance(p, ActivationPenalty))
    return plain and heard and len(batch.x.shape) == len(batch.y.shape) == 2
