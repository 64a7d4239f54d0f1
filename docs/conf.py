"""Sphinx: MyST pages, furo, and the docstrings of the source."""

import re
from functools import reduce

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import tunewright
from tunewright.cli.commands import group

project = "Tunewright"
author = "The Tunewright developers"
copyright = "The Tunewright developers"  # noqa: A001  Sphinx's name
version = release = tunewright.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Tunewright {version}"
html_show_sphinx = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = ["Source"]
default_role = "code"  # docstrings write `name`, as Markdown does


_VALUE = "None | bool | int | float | str | list[Any] | dict[str, Any]"
ALIASES = [
    (f"dict[str, {_VALUE}]", "Params"),
    (_VALUE, "Value"),
    ("ndarray[tuple[Any, ...], dtype[float64]]", "Array"),
]
"""What autodoc writes out, and its name in `tunewright.typing`."""


def _plain(line: str) -> str:
    """Outside of backticks, "neg_" is no link and "|" is a bar."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"(?<!\w)(\w+)_(?!\w)", r"\1\_", part).replace("|", r"\|") for part in parts[::2]]
    return "`".join(parts)


def _drawings(_app: Sphinx, what: str, _name: str, _of: object, _options: object, lines: list[str]) -> None:
    """In our docstrings a block that stands indented by itself is a drawing, a table or code: keep it as it is."""
    out: list[str] = []
    above = ""
    inside = False
    for line in lines:
        indented = line.startswith("    ")
        if line.strip() and not indented:
            inside = False
        if indented and not inside and out and not out[-1].strip() and not re.match(r"\s|\w+:$", above):
            out += [".. code-block:: text", ""]
            inside = True
        out.append(line if inside else _plain(line))
        if line.strip():
            above = line
    lines[:] = ["", *out] if what == "property" else out  # else napoleon takes "The best: ..." for a type and its sentence


def _names(_app: Sphinx, _what: str, _name: str, _of: object, _options: object, *signature: str | None) -> tuple[str | None, ...]:
    """Say `Params`, not what it is made of."""
    return tuple(part and reduce(lambda text, alias: text.replace(*alias), ALIASES, part) for part in signature)


class Help(SphinxDirective):
    """What `tunewright <command> --help` says."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The help as a literal block."""
        name, commands = self.arguments[0], group()
        with commands.make_context("tunewright", [], resilient_parsing=True) as context:
            command = commands.get_command(context, name)
            with command.make_context(name, [], parent=context, resilient_parsing=True) as inner:
                text = command.get_help(inner)
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", _drawings, priority=100)
    app.connect("autodoc-process-signature", _names)
    app.add_directive("help", Help)
