"""Run directories: sweeps and long fits that survive whatever stops them."""

from superpose.runs.how import How
from superpose.runs.launch import drive, resume, run
from superpose.runs.load import load_run
from superpose.runs.plan import Plan, plan
from superpose.runs.status import Status, status
from superpose.runs.stop import Stopped
from superpose.runs.together import join
from superpose.runs.verify import Report, verify
from superpose.store.lock import Held
from superpose.store.sealed import Damage, Damaged

__all__ = [
    "Damage", "Damaged", "Held", "How", "Plan", "Report", "Status", "Stopped", "drive", "join", "load_run", "plan",
    "resume", "run", "status", "verify",
]  # fmt: skip
