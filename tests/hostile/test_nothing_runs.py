"""Nothing in the library runs what it reads: found by reading its own source."""

import ast
from pathlib import Path

import pytest

import superpose

ROOT = Path(superpose.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# Loaders that run what they read, and doors to a shell.
FORBIDDEN_CALLS = {
    "pickle": {"load", "loads", "Unpickler"},
    "cloudpickle": {"load", "loads"},
    "dill": {"load", "loads"},
    "joblib": {"load"},
    "marshal": {"load", "loads"},
    "os": {"system", "popen"},
    "shelve": {"open"},
    "torch": {"load"},
    "yaml": {"load", "load_all", "unsafe_load", "full_load"},
    "subprocess": {"getoutput", "getstatusoutput"},
    "builtins": {"eval", "exec", "compile", "__import__"},
    "runpy": {"run_path", "run_module"},
    "np": {"load"},
    "numpy": {"load"},
}
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__", "execfile"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml", "code", "runpy"}
FORBIDDEN_FLAGS = {"allow_pickle", "shell", "trust_remote_code"}
OUR_OWN_NAMES = {"__init__.py", "runs/engines/ray.py"}
"""Files that may import a module by a name that is not written out: the public names of our own stub; and a worker of
Ray's, which runs what its driver sends in any case, imports the modules of the driver's classes."""


def dangers(tree: ast.AST, own_names: bool = False):
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_NAMES:
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if name in FORBIDDEN_CALLS.get(
                module, ()
            ):
                yield node.lineno, f"{module}.{name}"
            case ast.Call(func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"), args=args):
                if not (own_names or isinstance(args[0], ast.Constant) or _ours(args[0])):
                    yield node.lineno, "import_module of a name that is not written out"
            case ast.Import(names=names) if FORBIDDEN_MODULES & {alias.name.partition(".")[0] for alias in names}:
                yield node.lineno, "import"
            case ast.ImportFrom(module=module, names=names) if module in FORBIDDEN_MODULES or FORBIDDEN_CALLS.get(
                module or "", set()
            ) & {alias.name for alias in names}:
                yield node.lineno, f"from {module} import"
            case ast.keyword(arg=name, value=value) if name in FORBIDDEN_FLAGS:
                if not (isinstance(value, ast.Constant) and value.value is False):
                    yield node.lineno, f"{name}="


def _ours(name: ast.expr) -> bool:
    """A module of superpose, whatever the end of its name."""
    match name:
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
            return start.startswith("superpose.")
    return False


@pytest.mark.parametrize("code", [
    "pickle.load(f)", "import torch\ntorch.load(p)", "np.load(p, allow_pickle=True)", "np.load(p)", "eval(s)",
    "exec(s)", "yaml.load(s)", "subprocess.run(c, shell=True)", "from pickle import load", "import marshal",
    "__import__(name)", "importlib.import_module(name)", "import_module(f'x.{name}')", "os.system(c)", "os.popen(c)",
    "compile(s, '', 'exec')", "from os import system", "f(shell=flag)", "import yaml",
    "hub.load(x, trust_remote_code=True)", "import pickle as p",
])  # fmt: skip
def test_the_search_for_dangers_finds_them(code):
    assert list(dangers(ast.parse(code)))


@pytest.mark.parametrize("code", [
    "np.savez(f, allow_pickle=False)", "json.load(f)", "model.eval()", "re.compile(p)", "jit(f).lower(x).compile()",
    "importlib.import_module('wandb')", "importlib.import_module(f'superpose.cli.{verb}')",
    "subprocess.run(['git'])", "import ast",
])  # fmt: skip
def test_the_search_for_dangers_leaves_the_rest(code):
    assert not list(dangers(ast.parse(code)))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_in_the_library_runs_what_it_reads(path):
    own = str(path.relative_to(ROOT)) in OUR_OWN_NAMES
    assert not list(dangers(ast.parse(path.read_text(encoding="utf-8")), own))
