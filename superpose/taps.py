"""Sites are names that a model gives to its activations; a tap is what listens there.

A model calls `tap(name, value)` wherever it wants to be readable and carries on with
whatever comes back. The silent tap returns its argument, so a model nobody is
listening to compiles to exactly the program it would have been without sites.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import jax
import jax.numpy as jnp

from superpose.core.mistakes import BadValue, said, unknown
from superpose.core.shapes import Array

Edit = Array | Callable[[Array], Array]


class Tap(Protocol):
    def __call__(self, name: str, value: Array, /) -> Array: ...


def silent(name: str, value: Array, /) -> Array:
    return value


def within(tap: Tap, block: str) -> Tap:
    """The same tap, heard from inside a named block."""
    return silent if tap is silent else lambda name, value: tap(f"{block}.{name}", value)


def tapped(
    model: Any, x: Any, sites: str | Iterable[str] = (), edits: Mapping[str, Edit] | None = None
) -> tuple[Any, dict[str, Array]]:
    """Run `model` once, changing the values at the sites of `edits` and keeping those that match `sites`.

    A site that is both changed and kept is kept as changed. The output comes first.
    """
    if not callable(model):
        raise BadValue(f"{type(model).__name__} is not a model: it cannot be called; build one with config.build")
    if edits is not None and not isinstance(edits, Mapping):
        raise BadValue(f"edits are given by site, for example {{'hidden': value}}, not as {said(edits)}")
    if not isinstance(sites, Iterable):
        raise BadValue(f"sites are given as a name, a wildcard, or several of them, not as {said(sites)}")
    patterns = [sites] if isinstance(sites, str) else list(sites)
    edits = edits or {}
    heard: dict[str, Array] = {}
    names: list[str] = []

    def tap(name: str, value: Array, /) -> Array:
        names.append(name)
        value = _edited(name, value, edits[name]) if name in edits else value
        if any(fnmatch.fnmatchcase(name, p) for p in patterns):
            heard[name] = value
        return value

    out = model(x, tap=tap)
    _check_reached(model, names, patterns, edits)
    return out, heard


def record(model: Any, x: Any, sites: str | Iterable[str] = "*") -> tuple[Any, dict[str, Array]]:
    """The output, and the value at every site that matches a name or wildcard."""
    return tapped(model, x, sites)


def patch(model: Any, x: Any, edits: Mapping[str, Edit]) -> Any:
    """Run `model`, replacing the value at each named site (or mapping it, if given a function)."""
    return tapped(model, x, edits=edits)[0]


def sites(model: Any, x: Any) -> dict[str, jax.ShapeDtypeStruct]:
    """Every site and its shape, found by tracing; nothing is computed."""
    return jax.eval_shape(lambda m, a: record(m, a)[1], model, x)


def _edited(name: str, value: Array, edit: Edit) -> Array:
    new = jnp.asarray(edit(value) if callable(edit) else edit)
    if callable(edit) and new.ndim and new.shape != value.shape:
        raise BadValue(f"the edit at {name!r} returned shape {new.shape}; the site has {value.shape}")
    try:
        return jnp.broadcast_to(new, value.shape).astype(value.dtype)
    except ValueError:
        raise BadValue(f"the edit at {name!r} has shape {new.shape}; the site has {value.shape}") from None


def _check_reached(model: Any, names: list[str], patterns: list[str], edits: Mapping[str, Edit]) -> None:
    for wanted in patterns:
        if not fnmatch.filter(names, wanted):
            raise unknown(f"no site of {type(model).__name__} matches", wanted, names)
    for wanted in edits:
        if wanted not in names:
            raise unknown(f"an edit names one site, and {type(model).__name__} has no", wanted, names)
