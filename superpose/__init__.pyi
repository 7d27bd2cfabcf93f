"""The public names: each is imported from its home when it is first used."""

from typing import Final

from superpose import claims as claims
from superpose import cli as cli
from superpose import core as core
from superpose import geometry as geometry
from superpose import models as models
from superpose import plots as plots
from superpose import store as store
from superpose import taps as taps
from superpose import train as train
from superpose import worlds as worlds
from superpose.claims import Claim as Claim
from superpose.claims import between as between
from superpose.claims import near as near
from superpose.cli import experiment as experiment
from superpose.cli import use_cores as use_cores
from superpose.core.keys import stream as stream
from superpose.core.mistakes import BadName as BadName
from superpose.core.mistakes import BadValue as BadValue
from superpose.core.mistakes import Mistake as Mistake
from superpose.core.text import describe as describe
from superpose.core.text import difference as difference
from superpose.core.text import to_json as to_json
from superpose.core.trees import index as index
from superpose.core.trees import leaf as leaf
from superpose.core.trees import named_leaves as named_leaves
from superpose.core.trees import plain as plain
from superpose.core.trees import pytree as pytree
from superpose.core.trees import real as real
from superpose.core.trees import replace_at as replace_at
from superpose.core.trees import static as static
from superpose.core.trees import whole as whole
from superpose.core.trees import word as word
from superpose.models import Computer as Computer
from superpose.models import ComputerConfig as ComputerConfig
from superpose.models import ResidualMLP as ResidualMLP
from superpose.models import ResidualMLPConfig as ResidualMLPConfig
from superpose.models import Toy as Toy
from superpose.models import ToyConfig as ToyConfig
from superpose.store import from_json as from_json
from superpose.store import load as load
from superpose.store import save as save
from superpose.taps import patch as patch
from superpose.taps import record as record
from superpose.taps import silent as silent
from superpose.taps import sites as sites
from superpose.taps import tapped as tapped
from superpose.taps import within as within
from superpose.train.fit import Run as Run
from superpose.train.fit import fit as fit
from superpose.train.objectives import CrossEntropy as CrossEntropy
from superpose.train.objectives import Reconstruct as Reconstruct
from superpose.train.objectives import next_token as next_token
from superpose.train.objectives import reconstruct as reconstruct
from superpose.train.optimisers import Optimizer as Optimizer
from superpose.train.optimisers import Rule as Rule
from superpose.train.pressures import ActivationPenalty as ActivationPenalty
from superpose.train.pressures import Attack as Attack
from superpose.train.pressures import SiteNoise as SiteNoise
from superpose.train.pressures import WeightPenalty as WeightPenalty
from superpose.train.recipe import Recipe as Recipe
from superpose.train.recipe import oracle as oracle
from superpose.train.sweep import sweep as sweep
from superpose.train.swept import Sweep as Sweep
from superpose.train.swept import held_out as held_out
from superpose.train.table import Table as Table
from superpose.worlds import AnticorrelatedWorld as AnticorrelatedWorld
from superpose.worlds import ArrayWorld as ArrayWorld
from superpose.worlds import Batch as Batch
from superpose.worlds import CorrelatedWorld as CorrelatedWorld
from superpose.worlds import Enumerable as Enumerable
from superpose.worlds import GateWorld as GateWorld
from superpose.worlds import HierarchicalWorld as HierarchicalWorld
from superpose.worlds import ModularSumWorld as ModularSumWorld
from superpose.worlds import OneHotWorld as OneHotWorld
from superpose.worlds import SiteWorld as SiteWorld
from superpose.worlds import SparseWorld as SparseWorld
from superpose.worlds import TaskWorld as TaskWorld
from superpose.worlds import World as World
from superpose.worlds import freeze as freeze

BEGAN: Final[float]
__version__: Final[str]
__all__: Final[list[str]]
