"""The `superpose` command and the command line of experiment scripts."""

from superpose.cli.experiment import Experiment, experiment, use_cores
from superpose.cli.main import main

__all__ = ["Experiment", "experiment", "main", "use_cores"]
