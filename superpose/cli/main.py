"""`superpose`: the command. Nothing here imports JAX until a verb needs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import superpose
from superpose.cli.experiment import Parser
from superpose.core.mistakes import BadValue, Mistake

_EXAMPLES = """examples:
  superpose demo                      train 560 small models and draw how they pack their features (about 20 s)
  superpose claims                    every claim of the experiments that were run, with its verdict
  superpose claims phase_diagram --profile paper
  superpose doctor                    versions, devices, memory: what to put in a bug report

experiments are scripts: python -P experiments/phase_diagram.py --help; `make help` lists what make can do
exit codes: 0 done; 1 a claim differs, or a bug; 2 something asked for cannot be"""


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(argv)
    if given.verb is None:
        parser.print_help()
        return 0
    try:
        return given.run(given)
    except Mistake as wrong:
        print(f"superpose: {wrong}", file=sys.stderr)
        return wrong.code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "superpose",
        description=superpose.__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"superpose {superpose.__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    demo = verbs.add_parser("demo", help="train a first sweep and draw it")
    demo.add_argument("out", nargs="?", type=Path, default=Path("superpose-demo"), help="folder to write to")
    demo.set_defaults(run=_demo)
    claims = verbs.add_parser("claims", help="print what was claimed, what was measured, and the verdicts")
    claims.add_argument("name", nargs="?", default="all", help="one experiment, or all")
    claims.add_argument("--profile", choices=("smoke", "default", "paper"), default="default")
    claims.add_argument("--results", type=Path, default=Path("results"), help="folder the results are in")
    claims.set_defaults(run=_claims)
    doctor = verbs.add_parser("doctor", help="versions, devices and memory")
    doctor.set_defaults(run=_doctor)
    return parser


def _demo(given: argparse.Namespace) -> int:
    from superpose.cli.demo import demo

    demo(given.out)
    return 0


def _claims(given: argparse.Namespace) -> int:
    from superpose.claims import load_claims, table

    found = load_claims(given.results / given.profile, given.name)
    if not found:
        raise BadValue(
            f"no experiments here and no results in {given.results / given.profile}; run `make figures` first"
        )
    for name, claims in found.items():
        print(f"\n{name}: not run" if claims is None else f"\n{name}\n\n{table(claims) if claims else 'no claims'}")
    every = [c for claims in found.values() for c in claims or ()]
    agree = sum(c.verdict == "agrees" for c in every)
    missing = sum(claims is None for claims in found.values())
    print(f"\n{agree} of {len(every)} claims agree; {missing} experiments not run")
    if given.profile == "smoke":
        print("smoke shows that everything runs; it is too short for claims to hold, and insists on none")
        return 0
    return 1 if any(c.verdict == "differs" for c in every) else 0


def _doctor(given: argparse.Namespace) -> int:
    from superpose.core.mistakes import memory
    from superpose.store import provenance

    for name, value in provenance().items():
        print(f"{name:10} {value}")
    print(f"{'memory':10} {memory() / 1e9:.1f} GB")
    return 0
