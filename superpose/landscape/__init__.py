"""The loss as a landscape: how it bends at a minimum, and how much room the minimum has."""

from superpose.landscape.coefficient import LearningCoefficient, Sampler, learning_coefficient
from superpose.landscape.hessian import half_rank, hessian, rank, spectrum
from superpose.landscape.lanczos import Curvatures, curvatures, density, ends, product
from superpose.landscape.losses import loss_of
from superpose.landscape.polish import Polish, polish

__all__ = [
    "Curvatures",
    "LearningCoefficient",
    "Polish",
    "Sampler",
    "curvatures",
    "density",
    "ends",
    "half_rank",
    "hessian",
    "learning_coefficient",
    "loss_of",
    "polish",
    "product",
    "rank",
    "spectrum",
]
