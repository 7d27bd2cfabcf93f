"""How a recipe's gradient is computed: in closed form where there is one, by autodiff for all else."""

from __future__ import annotations

from typing import Any

from superpose.core.trees import pytree, whole, word
from superpose.models import layers
from superpose.train.objectives import Reconstruct
from superpose.train.pressures import ActivationPenalty
from superpose.train.recipe import Recipe

SLOPES = ("autodiff", *layers.FORMS)
IN_DOUBT = range(3, 33)
"""Numbers of features for which only a clock can tell the faster form; fewer and more go "direct"."""


@pytree
class Path:
    """All that fixes the bits of a run beside its recipe and key. A run keeps the one it took.

    `slope` is "autodiff", or the closed form of two layers: "direct" or "gram". `vector` is the number of bits in a
    vector register that the compiler is asked to prefer, 0 for its own choice. `width` models make a unit.
    """

    slope: str = word(default="autodiff", among=SLOPES)
    vector: int = whole(default=0, least=0)
    width: int = whole(default=1)

    @property
    def options(self) -> dict[str, Any] | None:
        return {"xla_cpu_prefer_vector_width": str(self.vector)} if self.vector else None


def forms(recipe: Recipe, model: Any, batch: Any) -> tuple[str, ...]:
    """The slopes worth trying, the likeliest first, for the shapes of a model and a batch."""
    if not _closed(recipe, model, batch):
        return ("autodiff",)
    listens = any(isinstance(p, ActivationPenalty) for p in recipe.objective.penalties)  # type: ignore[attr-defined]
    if listens or not model.wiring.gram or batch.x.shape[1] not in IN_DOUBT:
        return ("direct",)
    return ("gram", "direct")


def _closed(recipe: Recipe, model: Any, batch: Any) -> bool:
    """Whether the gradient is known in closed form: two layers under an error, whatever it costs to be large."""
    objective = recipe.objective
    if recipe.optimizer.kind == "lbfgs" or not hasattr(model, "wiring") or not isinstance(objective, Reconstruct):
        return False
    plain = not objective.noise and objective.attack is None
    heard = all(p.site == "hidden" for p in objective.penalties if isinstance(p, ActivationPenalty))
    return plain and heard and len(batch.x.shape) == len(batch.y.shape) == 2
