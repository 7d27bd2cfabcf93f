"""Run directories: sweeps and long fits that survive whatever stops them."""

from superpose.runs.launch import How, drive, resume, run
from superpose.runs.load import load_run
from superpose.runs.stop import Stopped
from superpose.runs.verify import Report, verify
from superpose.store.lock import Held
from superpose.store.sealed import Damage, Damaged

__all__ = ["Damage", "Damaged", "Held", "How", "Report", "Stopped", "drive", "load_run", "resume", "run", "verify"]
