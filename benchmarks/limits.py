"""What this machine could do at most, measured in the same run as what is compared with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from benchmarks.setup import HERE, ROOT, compiler

NOT = "limit not measured"
WIDE = ["-O3", "-march=native", "-ffast-math", "-std=c++17", "-pthread"]


def limits(batch: int = 1024) -> dict[str, Any]:
    """Rates on all cores (`_1`: on one): GFLOP/s, GB/s, billions of random words, model-steps of tiny toys by hand."""
    return {**by_hand(batch), **_in_a_process_of_its_own()}


def by_hand(batch: int) -> dict[str, Any]:
    program = _built()
    if program is None:
        return {"by_hand": f"{NOT}: no C++ compiler that knows this CPU"}
    ran = subprocess.run([program, str(batch)], capture_output=True, text=True)
    return (
        json.loads(ran.stdout)
        if ran.returncode == 0
        else {"by_hand": f"{NOT}: the program ended with {ran.returncode}"}
    )


def _built() -> str | None:
    path = HERE / "build" / "limits"
    path.parent.mkdir(exist_ok=True)
    if (found := compiler()) is None:
        return None
    for more in (["-mprefer-vector-width=512"], []):
        command = [found, *WIDE, *more, str(HERE / "limits.cpp"), "-o", str(path)]
        if subprocess.run(command, capture_output=True).returncode == 0:
            return str(path)
    return None


def _in_a_process_of_its_own() -> dict[str, Any]:
    """JAX's part: with one device, so that its own threads share the cores."""
    ran = subprocess.run([sys.executable, "-m", "benchmarks.limits", "jax"], cwd=ROOT, capture_output=True, text=True)
    return json.loads(ran.stdout) if ran.returncode == 0 else {"jax": f"{NOT}: {ran.stderr[-300:]}"}


def _best(f: Any, repeats: int = 5) -> float:
    """Seconds of the fastest repeat."""
    f()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        f()
        times.append(time.perf_counter() - began)
    return min(times)


def in_jax() -> dict[str, Any]:
    import jax
    import jax.numpy as jnp

    from superpose.core.streams import in_stream

    a = jnp.ones((2048, 2048))
    product = jax.jit(lambda a: a @ a)
    found = {"gemm_gflops": 2 * 2048**3 / _best(lambda: product(a).block_until_ready()) / 1e9}
    count, key = 2**24, jax.random.key(0)
    for name, own in (("jax", key), ("threefry", in_stream(key, "threefry")), ("fast", in_stream(key, "fast"))):
        draw = jax.jit(lambda key: jax.random.bits(key, (count,)))
        found[f"{name}_gwords"] = count / _best(lambda own=own, draw=draw: draw(own).block_until_ready()) / 1e9
    return found


def host() -> dict[str, Any]:
    """The machine line: what the CPU calls itself, its vectors and cores."""
    model, flags = "unknown CPU", ""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            fields = dict(map(str.strip, line.split(":", 1)) for line in f if ":" in line)
        model, flags = fields.get("model name", model), fields.get("flags", "")
    wide = [f for f in ("avx2", "fma", "avx512f", "avx512_bf16", "asimd") if f in flags.split()]
    return {"cpu": model, "vectors": wide, "cores": os.cpu_count(), "compiler": compiler() is not None}


if __name__ == "__main__":
    print(json.dumps(in_jax() if sys.argv[1:] == ["jax"] else {**host(), **limits()}))
