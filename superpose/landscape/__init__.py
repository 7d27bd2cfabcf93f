"""The loss as a landscape: how it bends at a minimum, and how much room the minimum has."""

from superpose.landscape.coefficient import LearningCoefficient, Sampler, learning_coefficient
from superpose.landscape.losses import loss_of
from superpose.landscape.polish import Polish, polish

__all__ = ["LearningCoefficient", "Polish", "Sampler", "learning_coefficient", "loss_of", "polish"]
