"""Worlds: distributions to be represented, sampled, and where small enough written out."""

from superpose.worlds.anticorrelated import AnticorrelatedWorld, OneHotWorld
from superpose.worlds.arrays import ArrayWorld, freeze
from superpose.worlds.base import Batch, Enumerable, World
from superpose.worlds.bundles import BundleWorld
from superpose.worlds.correlated import CorrelatedWorld
from superpose.worlds.hierarchical import HierarchicalWorld
from superpose.worlds.modular import ModularSumWorld
from superpose.worlds.site import SiteWorld
from superpose.worlds.sparse import SparseWorld
from superpose.worlds.tasks import GateWorld, TaskWorld

__all__ = [
    "AnticorrelatedWorld",
    "ArrayWorld",
    "Batch",
    "BundleWorld",
    "CorrelatedWorld",
    "Enumerable",
    "GateWorld",
    "HierarchicalWorld",
    "ModularSumWorld",
    "OneHotWorld",
    "SiteWorld",
    "SparseWorld",
    "TaskWorld",
    "World",
    "freeze",
]
