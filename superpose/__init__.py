"""Toy models of superposition, and the tools to read them, in JAX and Flax."""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "core.mistakes": "Mistake BadName BadValue",
    "core.keys": "stream",
    "core.trees": "pytree static whole word real leaf index replace_at named_leaves plain",
    "core.text": "describe difference from_json to_json",
    "taps": "silent within record patch sites tapped",
    "worlds": "Batch World Enumerable SparseWorld CorrelatedWorld AnticorrelatedWorld HierarchicalWorld OneHotWorld "
    "ArrayWorld TaskWorld GateWorld ModularSumWorld SiteWorld freeze",
    "models": "ToyConfig Toy ComputerConfig Computer ResidualMLPConfig ResidualMLP",
    "train.objectives": "Reconstruct CrossEntropy reconstruct next_token",
    "train.pressures": "WeightPenalty ActivationPenalty SiteNoise Attack",
    "train.optimisers": "Optimizer Rule",
    "train.recipe": "Recipe oracle",
    "train.fit": "Run fit",
    "train.sweep": "sweep",
    "train.swept": "Sweep held_out",
    "train.table": "Table",
    "store": "save load",
    "claims": "Claim near between",
    "cli": "experiment use_cores",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}
_ROOMS = ("core", "geometry", "worlds", "models", "train", "plots", "store", "claims", "cli", "taps")
__all__ = sorted([*_HOME, *_ROOMS])


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used, so that `superpose --help` need not wait for JAX."""
    if name in _HOME:
        return getattr(importlib.import_module(f"superpose.{_HOME[name]}"), name)
    if name in _ROOMS:
        return importlib.import_module(f"superpose.{name}")
    raise AttributeError(f"superpose has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
