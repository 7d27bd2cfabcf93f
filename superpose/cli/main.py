"""`superpose`: the command. Nothing here imports JAX until a verb needs it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import superpose
from superpose.cli.places import possible
from superpose.core.mistakes import BadValue, Mistake, unknown

VERBS = {
    "list": "recipes to begin from, experiments, and the runs that are here",
    "run": "train a recipe, over a grid or alone, into a folder that survives whatever stops it",
    "status": "how far a run is",
    "resume": "go on with a run that was stopped",
    "verify": "read a run again and compare every byte with what was written",
    "plot": "draw a measure of a run",
    "export": "a run's measures or weights as parquet, csv, npz or safetensors",
    "demo": "train a first sweep and draw it",
    "claims": "what the experiments claim, what was measured, and the verdicts",
    "doctor": "versions, devices, memory: what to put in a bug report",
}
SHELLS = ("bash", "zsh", "fish", "tcsh")
_ENDING = """
examples:
  superpose demo                                                a first sweep and its picture, about 20 s
  superpose run toy --grid world.density=log:0.01:1:24 --grid seed=0..7
  superpose plot runs/toy dimensionality
  superpose run toy --help                                      every field of a recipe, and what it allows
  superpose --print-completion bash >> ~/.bashrc                also zsh, fish, tcsh

exit codes: 0 done; 1 a bug, or a claim that differs; 2 something asked for cannot be;
            3 done, but some cells diverged; 75 stopped early, and can be resumed;
            130 interrupted before there was anything to go on with"""


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _told(words)
    except Mistake as wrong:
        print(f"superpose: {wrong}", file=sys.stderr)
        return wrong.code
    except KeyboardInterrupt:
        print("\nsuperpose: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _told(words: Sequence[str]) -> int:
    match list(words):
        case [] | ["-h" | "--help"] | ["help"]:
            print(_help())
        case ["--version"]:
            print(f"superpose {superpose.__version__}")
        case ["--print-completion", *rest]:
            return _completion(rest)
        case [verb, *rest] if verb in VERBS:
            with possible():
                return importlib.import_module(f"superpose.cli.{verb}").main(rest)
        case [verb, *_]:
            raise unknown("no verb is called", verb, VERBS)
    return 0


def _help() -> str:
    verbs = "\n".join(f"  {verb:9} {about}" for verb, about in VERBS.items())
    usage = "usage: superpose VERB …        superpose VERB --help        superpose --version"
    return f"{usage}\n\n{superpose.__doc__}\n\nverbs:\n{verbs}\n{_ENDING}"


def _completion(words: Sequence[str]) -> int:
    if len(words) != 1 or words[0] not in SHELLS:
        raise BadValue(f"--print-completion takes one of {', '.join(SHELLS)}")
    from superpose.cli.complete import script

    print(script(words[0], list(VERBS)))
    return 0
