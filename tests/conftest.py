"""What every test runs under: four simulated devices, no window, one thread per worker, checked array shapes."""

import os
import sys
import types
import typing

# Before anything starts a thread pool: two workers on two cores must not each take both.
for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
    os.environ.setdefault(pool, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("SUPERPOSE_CALIBRATE", "0")  # no test may hang on a clock

import jax

# Before the backend starts: its device count cannot change afterwards.
jax.config.update("jax_num_cpu_devices", 4)

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintException
from jaxtyping import AbstractArray, install_import_hook

CHECK = beartype(conf=BeartypeConf(is_pep484_tower=True))


def _mentions_array(hint: object) -> bool:
    named = isinstance(hint, type) and issubclass(hint, AbstractArray)
    return named or any(_mentions_array(part) for part in typing.get_args(hint))


def check_arrays(function):
    """Checks what is annotated as an array. The rest is mypy's, and a user's mistake must reach our own message."""
    hints = function.__annotations__
    function.__annotations__ = {name: hint for name, hint in hints.items() if _mentions_array(hint)}
    if not function.__annotations__:
        return function
    try:
        return CHECK(function)
    except BeartypeDecorHintException:
        return function


# The hook imports its checker by name, and a conftest has none that can be imported.
_checker = types.ModuleType("superpose_checker")
_checker.check_arrays = check_arrays
sys.modules["superpose_checker"] = _checker
install_import_hook("superpose", "superpose_checker.check_arrays")
