"""Tab completion as a script for the shell: verbs, their options, recipes and run folders. It starts no Python."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from superpose.cli.measures import MEASURES
from superpose.cli.named import NAMED
from superpose.cli.parse import options

OF_A_RUN = ("status", "resume", "verify", "plot", "export")
"""Verbs that are followed by the folder of a run."""
_PLACES = "runs/*/run.json results/*/run.json results/*/*/run.json"


def script(shell: str, verbs: Sequence[str]) -> str:
    """What the shell reads when it starts: `superpose --print-completion bash >> ~/.bashrc`."""
    words = {verb: ["--help", *_options(verb)] for verb in verbs}
    return {"bash": _bash, "zsh": _zsh, "fish": _fish, "tcsh": _tcsh}[shell](words)


def _options(verb: str) -> list[str]:
    module = importlib.import_module(f"superpose.cli.{verb}")
    return options(getattr(module, "Words", module.Options))


def _bash(words: dict[str, list[str]]) -> str:
    cases = "\n".join(f'    {verb}) words="{" ".join(each)}" ;;' for verb, each in words.items())
    return f"""# superpose: tab completion for bash
_superpose() {{
  local here="${{COMP_WORDS[COMP_CWORD]}}" verb="${{COMP_WORDS[1]}}" words="" places run
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{" ".join(words)} --help --version --print-completion" -- "$here"))
    return
  fi
  case "$verb" in
{cases}
  esac
  case "$here" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$here")); return ;;
  esac
  case "$COMP_CWORD:$verb" in
    2:run) COMPREPLY=($(compgen -W "{" ".join(NAMED)}" -- "$here")) ;;
    3:plot) COMPREPLY=($(compgen -W "{" ".join(MEASURES)}" -- "$here")) ;;
    {"|".join(f"2:{verb}" for verb in OF_A_RUN)})
      places=""
      for run in {_PLACES}; do [ -f "$run" ] && places="$places ${{run%/run.json}}"; done
      COMPREPLY=($(compgen -W "$places" -- "$here")) ;;
  esac
  [ "${{#COMPREPLY[@]}}" -eq 0 ] && COMPREPLY=($(compgen -f -- "$here"))
}}
complete -F _superpose superpose"""


def _zsh(words: dict[str, list[str]]) -> str:
    """zsh runs the same function, by its own emulation of bash's completion."""
    begin = "autoload -Uz compinit bashcompinit\ncompinit -u\nbashcompinit\n"
    return begin + _bash(words).replace(" for bash", " for zsh")


def _fish(words: dict[str, list[str]]) -> str:
    verbs, measures = " ".join(words), " ".join(MEASURES)
    first, second = f"not __fish_seen_subcommand_from {verbs}", "__fish_seen_subcommand_from"
    lines = [
        "# superpose: tab completion for fish",
        f"complete -c superpose -f -n '{first}' -a '{verbs} --help --version --print-completion'",
        f"complete -c superpose -f -n '{second} run' -a '{' '.join(NAMED)}'",
        f"complete -c superpose -n '{second} {' '.join(OF_A_RUN)}' -a '(for r in {_PLACES}; dirname $r; end)'",
        f"complete -c superpose -f -n '{second} plot; and test (count (commandline -opc)) -eq 3' -a '{measures}'",
    ]
    lines += [
        f"complete -c superpose -n '{second} {verb}' -l {option.removeprefix('--')}"
        for verb, each in words.items()
        for option in each
    ]
    return "\n".join(lines)


def _tcsh(words: dict[str, list[str]]) -> str:
    verbs = " ".join([*words, "--help", "--version", "--print-completion"])
    names = [f"'n/run/({' '.join(NAMED)})/'"] + [f"'n/{verb}/d/'" for verb in OF_A_RUN]
    names += [f"'N/plot/({' '.join(MEASURES)})/'"]
    every = sorted({option.removeprefix("--") for each in words.values() for option in each})
    return "\n".join(
        [
            "# superpose: tab completion for tcsh",
            f"complete superpose 'p/1/({verbs})/' {' '.join(names)} 'c/--/({' '.join(every)})/'",
        ]
    )
