"""Run directories: sweeps and long fits that survive whatever stops them."""

from superpose.runs.launch import How, drive, resume, run
from superpose.runs.load import load_run
from superpose.runs.plan import Plan, plan
from superpose.runs.status import Status, status
from superpose.runs.stop import Stopped
from superpose.runs.verify import Report, verify
from superpose.store.lock import Held
from superpose.store.sealed import Damage, Damaged

__all__ = [
    "Damage", "Damaged", "Held", "How", "Plan", "Report", "Status", "Stopped", "drive", "load_run", "plan", "resume",
    "run", "status", "verify",
]  # fmt: skip
