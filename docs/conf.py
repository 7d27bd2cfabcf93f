"""How the pages are built: nothing is fetched, neither while building nor while reading."""

import re
import sys
import types

import superpose

project = "superpose"
author = "The superpose authors"
copyright = author
version = release = superpose.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]  # pages that other pages include link from where they stand

html_theme = "furo"
html_title = f"superpose {release}"
html_show_sphinx = False
html_math_renderer = "mathml"  # drawn by the browser; the usual renderer is a script on somebody's server

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False


def setup(app):
    app.connect("autodoc-process-docstring", _docstrings_are_markdown)
    app.connect("autodoc-process-signature", _short_types)
    app.connect("source-read", _list_public_names)
    app.add_html_math_renderer("mathml", (_inline_math, None), (_block_math, None))


def _list_public_names(app, page, source):
    """Puts every public name of the library where `api.md` says so, a public module with all that it holds."""
    if page == "api":
        source[0] = source[0].replace("<!-- public names -->", "\n\n".join(_sections()))


def _sections():
    """One section for each module that defines public names, then one for each public module."""
    public = {name: getattr(superpose, name) for name in superpose.__all__ if not name.startswith("_")}
    modules = {value.__name__: value for value in public.values() if isinstance(value, types.ModuleType)}
    listed = set()
    for value in public.values():
        home = getattr(value, "__module__", None)
        if home and not any(home == m or home.startswith(m + ".") for m in modules):
            modules[home] = types.SimpleNamespace(__doc__=sys.modules[home].__doc__, entries=[])
    for name, value in public.items():
        home = getattr(value, "__module__", None)
        if home in modules and hasattr(modules[home], "entries"):
            modules[home].entries.append((name, value))
    for name, module in sorted(modules.items()):
        entries = [_entry(*e, listed) for e in getattr(module, "entries", None) or _offers(module)]
        yield f"## `{name}`\n\n{(module.__doc__ or '').strip()}\n\n" + _rst(*filter(None, entries))


def _offers(module):
    names = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    for name in names:
        value = getattr(module, name)
        home = getattr(value, "__module__", None) or getattr(value, "__name__", "")
        if home.startswith("superpose"):
            yield name, value


def _entry(name, value, listed):
    """How autodoc is asked for `value`, at the place that defines it; nothing if it was asked before."""
    if isinstance(value, types.ModuleType):
        path, kind = value.__name__, "automodule"
    else:
        own = getattr(value, "__name__", name)
        path = f"{value.__module__}.{own if hasattr(sys.modules[value.__module__], own) else name}"
        kind = "autoclass" if isinstance(value, type) else "autofunction" if callable(value) else "autodata"
    if path in listed:
        return ""
    listed.add(path)
    return f".. {kind}:: {path}\n" + ("   :members:\n" if kind in ("automodule", "autoclass") else "")


def _rst(*entries):
    return "```{eval-rst}\n" + "\n".join(entries) + "```\n"


def _short_types(app, what, name, owner, options, signature, returns):
    return tuple(
        text and re.sub(r"\b(?:jaxlib|jax|flax|superpose)(?:\.\w+)*\.(\w+)", r"\1", text)
        for text in (signature, returns)
    )


SPAN = re.compile(r"(\$[^$\n]+(?:\n[^$\n]+)?\$|``?[^`]+``?)")


def _docstrings_are_markdown(app, what, name, owner, options, lines):
    """Our docstrings are read as Markdown by people and editors; autodoc reads reStructuredText."""
    text, out = "\n".join(lines), []
    for paragraph in re.split(r"\n{2,}", text):
        if paragraph.lstrip().startswith("```") and paragraph.rstrip().endswith("```"):
            body = "\n".join(paragraph.strip().splitlines()[1:-1])
            out.append(".. code-block:: python\n\n" + re.sub(r"^", "   ", body, flags=re.MULTILINE))
        elif paragraph.startswith("    "):
            out.append("::\n\n" + paragraph)
        else:
            out.append("".join(_span(part) for part in SPAN.split(paragraph)))
    lines[:] = [*"\n\n".join(out).splitlines(), ""]


def _span(part):
    flat = " ".join(part.split())
    if part.startswith("$") and len(part) > 2:
        return rf"\ :math:`{flat[1:-1].strip()}`\ "
    if part.startswith("`"):
        return rf"\ ``{flat.strip('`')}``\ "
    return re.sub(r"([*|_])", r"\\\1", part)


def _mathml(tex, block):
    from docutils.utils.math import wrap_math_code
    from docutils.utils.math.latex2mathml import tex2mathml

    return tex2mathml(wrap_math_code(tex, as_block=block) if block else tex, as_block=block)


def _inline_math(writer, node):
    from docutils.nodes import SkipNode

    writer.body.append(_mathml(node.astext(), block=False))
    raise SkipNode


def _block_math(writer, node):
    from docutils.nodes import SkipNode

    writer.body.append(_mathml(node.astext(), block=True))
    raise SkipNode
