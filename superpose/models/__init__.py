"""Models: nnx modules with named sites, each built by a frozen config."""

from superpose.models.computer import Computer, ComputerConfig
from superpose.models.initial import INITS
from superpose.models.parts import ACTIVATIONS
from superpose.models.residual import ResidualMLP, ResidualMLPConfig
from superpose.models.toy import Toy, ToyConfig

__all__ = [
    "ACTIVATIONS",
    "INITS",
    "Computer",
    "ComputerConfig",
    "ResidualMLP",
    "ResidualMLPConfig",
    "Toy",
    "ToyConfig",
]
