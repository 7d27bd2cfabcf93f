"""How the pages are built: nothing is fetched, neither while building nor while reading."""

import inspect
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
    """What each module offers, every name once, at the place that defines it."""
    homes = {}
    for home, name, value in _offers(superpose, superpose.__all__):
        homes.setdefault(home, {})[name] = value
    for home, offers in sorted(homes.items()):
        about = (sys.modules[home].__doc__ or "").strip()
        yield f"## `{home}`\n\n{about}\n\n" + _rst(*(_entry(f"{home}.{name}", value) for name, value in offers.items()))


def _offers(module, names):
    for name in names:
        value = getattr(module, name)
        home = getattr(value, "__module__", module.__name__)  # a constant does not say where it is defined
        if isinstance(value, types.ModuleType):
            own = [n for n, v in vars(value).items() if n[0] != "_" and getattr(v, "__module__", "") == value.__name__]
            yield from _offers(value, getattr(value, "__all__", own))
        elif home.startswith("superpose"):
            own = getattr(value, "__name__", name)
            yield home, own if hasattr(sys.modules[home], own) else name, value


def _entry(path, value):
    if isinstance(value, type):
        return f".. autoclass:: {path}\n   :members:\n"
    return f".. {'autofunction' if inspect.isroutine(value) else 'autodata'}:: {path}\n"


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
    if what == "data" and "\n".join(lines).strip() == (inspect.getdoc(type(owner)) or "").strip():
        lines.clear()  # a constant is no lesson on its type
    text, out = "\n".join(lines), []
    for paragraph in re.split(r"\n{2,}", text):
        if paragraph.lstrip().startswith("```") and paragraph.rstrip().endswith("```"):
            body = "\n".join(paragraph.strip().splitlines()[1:-1])
            out.append(".. code-block:: python\n\n" + re.sub(r"^", "   ", body, flags=re.MULTILINE))
        elif paragraph.startswith("    "):
            out.append("::\n\n" + paragraph)
        else:
            prose = "".join(_span(part) for part in SPAN.split(paragraph))
            if re.search(
                r"^\S+ {2,}\S", paragraph, flags=re.MULTILINE
            ):  # words on the left, what they mean on the right
                prose = re.sub(r"^(?! )", "| ", prose, flags=re.MULTILINE)
            elif not re.match(r" *(-|\d+\.) ", paragraph):
                prose = re.sub(r"^ +", "", prose, flags=re.MULTILINE)
            out.append(prose)
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
