"""Where text goes: results to the standard output, everything else to the standard error.

Any text can be printed on any terminal: where the encoding lacks a character, a plain one stands for it (`±` becomes `+/-`).
"""

import codecs
import contextlib
import io
import json
import os
import re
import shutil
import sys
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from tunewright.cli.ends import over

__all__ = [
    "cut",
    "document",
    "flush",
    "json_text",
    "pairs",
    "prepare",
    "remark",
    "results_only",
    "say",
    "table",
    "value_text",
    "wrapped",
]

_PLAIN: Final = {
    "±": "+/-",
    "×": "x",
    "·": "-",
    "–": "-",
    "—": "-",
    "\N{MINUS SIGN}": "-",
    "…": "...",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{NO-BREAK SPACE}": " ",
    "∞": "inf",
}


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking), error.end


codecs.register_error("tunewright", _plainly)


def prepare() -> None:
    """Make both streams able to print any text, and warnings readable. A stream that is closed swallows what it gets."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="tunewright")
    warnings.showwarning = _show_warning
    warnings.simplefilter("always", UserWarning)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:  # noqa: ANN401  Python's signature
    if issubclass(category, UserWarning):
        remark(f"warning: {message}")


def say(text: str = "") -> None:
    """A line of the result."""
    sys.stdout.write(text + "\n")


def remark(text: str) -> None:
    """A message to the person; its first line begins with the program's name."""
    sys.stderr.write(f"tunewright: {text}\n")
    sys.stderr.flush()


def flush() -> None:
    """Have everything written now, so that a broken pipe shows while it can be handled."""
    sys.stdout.flush()
    sys.stderr.flush()


# ---- JSON ----------------------------------------------------------------------------------------------------------------------


def json_text(value: Any, *, indent: int = 2) -> str:  # noqa: ANN401  any record or JSON value
    """As JSON; NaN and infinite numbers are null."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()
    return text if indent >= 0 else text.strip()


def document(value: Any) -> None:  # noqa: ANN401  any record or JSON value
    """The one JSON document on the standard output."""
    text = json_text(value)
    if (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8":
        text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    over()  # an interruption from here on must not add a second one
    say(text)


@contextlib.contextmanager
def results_only(active: bool) -> Iterator[None]:
    """While somebody else's code runs, what it prints goes to the standard error, from this process and those that it starts."""
    if not active:
        yield
        return
    flush()
    try:
        real = sys.stdout.fileno() == 1
    except (OSError, ValueError):  # a stream without a descriptor: a test's
        real = False
    kept = os.dup(1) if real else -1
    try:
        if real:
            os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if real:
            os.dup2(kept, 1)
            os.close(kept)


# ---- tables --------------------------------------------------------------------------------------------------------------------


def value_text(value: Any) -> str:  # noqa: ANN401  any JSON value
    """A parameter's value as it can be typed again: text bare, the rest as JSON."""
    if isinstance(value, float):
        return repr(value)
    return value if isinstance(value, str) else json_text(value, indent=-1)


def cut(text: str, length: int) -> str:
    """On one line, and at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: max(length - 1, 1)].rstrip() + "…"


def pairs(rows: Sequence[tuple[str, str]], *, indent: int = 2) -> None:
    """Names and texts, the texts under one another."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        say(f"{' ' * indent}{name:<{width}}  {text}".rstrip())


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 2) -> None:
    """Columns under their headings; a heading that begins with "#" stands over numbers, which are set to the right.

    On a terminal the last column is cut at its edge; in a pipe nothing is cut.
    """
    right = [name.startswith("#") for name in head]
    lines = [[name.removeprefix("#") for name in head], *rows]
    widths = [max(len(line[j]) for line in lines) for j in range(len(head))]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines:
        cells = [
            cell.rjust(width) if at_right else cell.ljust(width)
            for cell, width, at_right in zip(line, widths, right, strict=True)
        ]
        text = (" " * indent + "  ".join(cells)).rstrip()
        say(text if edge is None else _at_edge(text, edge))


def _at_edge(text: str, edge: int) -> str:
    """At most so many characters, with … where it was cut."""
    return text if len(text) <= edge else text[: edge - 1] + "…"


def wrapped(text: str, *, indent: int = 0, first: str | None = None) -> str:
    """Broken between words, at the terminal's edge or at 100 characters; `first`: what stands before the first line instead of blanks.

    Blanks within the text stay as they are.
    """
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    pad = " " * indent
    return textwrap.fill(
        text,
        width,
        initial_indent=pad if first is None else first,
        subsequent_indent=pad,
        break_long_words=False,
        break_on_hyphens=False,
    )
