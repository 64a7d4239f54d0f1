"""Write a study out: as a table for other programs, as a page for people.

What is written replaces the file that is there only when it is whole: it grows beside it under another name.
"""

import contextlib
import csv
import errno
import io
import os
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tunewright.analysis.facts import ReportExtras, held_note
from tunewright.analysis.guidance import markdown
from tunewright.analysis.insight import insight, json_of
from tunewright.analysis.report import report as page_of
from tunewright.analysis.table import records
from tunewright.cli.facts import best_facts, counts
from tunewright.cli.opening import existing
from tunewright.cli.options import AsJson, Debug, Name, StudyArgument
from tunewright.cli.terminal import document, json_text, remark, say, value_text
from tunewright.errors import StudyError
from tunewright.extras import require
from tunewright.typing import Value

__all__ = ["Form", "Format", "export", "format_of", "report", "whole_file"]

_STANDARD_OUTPUT: Final = Path("-")


class Format(StrEnum):
    """Of a table of trials."""

    csv = "csv"
    json = "json"
    parquet = "parquet"


class Form(StrEnum):
    """Of a report."""

    html = "html"
    md = "md"
    json = "json"


def export(
    study: StudyArgument,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to. [default: the standard output]")
    ] = None,
    kind: Annotated[Format | None, typer.Option("--format", help="[default: by the ending of FILE, else csv]")] = None,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write all trials as a table: a row for each trial, a column for each metric and each parameter.

    With --json and no FILE, the trials are the JSON document.
    """
    del debug
    out = None if out == _STANDARD_OUTPUT else out
    chosen = format_of(out, kind, Format.json if as_json and out is None else Format.csv)
    found = existing(study, name)
    rows = records(found.history)
    if out is None:
        if chosen is Format.parquet:
            raise StudyError("Parquet is not text for the standard output. Name a file: -o trials.parquet.")
        if chosen is Format.json:
            document(rows)
        elif as_json:
            raise StudyError("With --json the standard output is JSON. Name a file for the CSV: -o trials.csv.")
        else:
            sys.stdout.write(_csv(rows, _heads(rows, found.space.names, [metric.name for metric in found.metrics])))
        return
    with whole_file(out) as partial:
        if chosen is Format.parquet:
            _parquet(rows, partial)
        elif chosen is Format.json:
            partial.write_text(json_text(rows) + "\n", encoding="utf-8")
        else:
            text = _csv(rows, _heads(rows, found.space.names, [metric.name for metric in found.metrics]))
            partial.write_text(text, encoding="utf-8", newline="")
    if as_json:
        document({"path": str(out), "format": str(chosen), "trials": len(rows), "study": found.name})
    else:
        say(f"{out}: {len(rows):,} trial{'' if len(rows) == 1 else 's'}")


def report(
    study: StudyArgument,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to; - is the standard output. [default: report.html, report.md, report.json]",
        ),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="A page, Markdown, or JSON for programs.")] = Form.html,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what needs a model: importance, effects, advice.")] = False,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Of the page. [default: the study's name]")] = None,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write a page about a study: what came out, what mattered, what ails it, what to do next, and how it was searched.

    It is one file that opens without a network. The page of a `tunewright tune` run, with its test scores, stands in that run's folder.
    """
    del debug
    found = existing(study, name)
    note = held_note(found.history) if len(found.history.objectives) == 1 else ""
    extras = ReportExtras(study=found.name, url=found.storage.url, seed=found.seed, notes=(note,) if note else ())
    if quick and form is not Form.html:
        raise StudyError("Markdown and JSON hold what --quick leaves out. Drop one of the two.")
    known = None if quick else insight(found.history)
    if form is Form.html or known is None:
        text = page_of(found.history, title=title or found.name, extras=extras, insight=known)
    elif form is Form.md:
        text = markdown(found.history, title or found.name, known)
    else:
        text = json_of(
            {"study": found.name, "counts": counts(found.history), "best": best_facts(found.history), "insight": known}
        )
    if note and form is not Form.html:
        remark(f"note: {note}")
    path = Path(f"report.{form}") if out is None else out
    if path == _STANDARD_OUTPUT:
        if as_json and form is not Form.json:
            raise StudyError("With --json the standard output is JSON. Name a file for the report, or say --format json.")
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
    if as_json:
        document({"path": str(path), "study": found.name, "counts": counts(found.history)})
    else:
        say(f"{path}: open it in a browser" if form is Form.html else f"{path}")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to, that takes the place of `path` when the block ends well, and is removed when it does not."""
    if path.is_dir():
        raise IsADirectoryError(21, "this is a folder; name a file in it", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(2, f"there is no folder {path.parent}; make it first", str(path))
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe: nothing to replace
        yield path
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        if partial.name not in str(error):
            raise
        why = "no file can be made in this folder" if error.errno == errno.ENOENT else error.strerror or "it cannot be written"
        raise type(error)(error.errno, why, str(path)) from error
    finally:
        with contextlib.suppress(OSError):  # there is none where none could be made
            partial.unlink()


def format_of(out: Path | None, kind: Format | None, otherwise: Format) -> Format:
    """The format that was asked for; else by the ending of the file; `otherwise` for the standard output.

    Raises:
        StudyError: the ending says nothing.
    """
    if kind is not None:
        return kind
    if out is None:
        return otherwise
    endings = {".csv": Format.csv, ".json": Format.json, ".parquet": Format.parquet, ".pq": Format.parquet}
    if out.suffix.lower() not in endings:
        raise StudyError(f"{out}: which format? Let the name end in .csv, .json or .parquet, or say --format csv.")
    return endings[out.suffix.lower()]


def _heads(rows: Sequence[dict[str, Value]], names: Sequence[str], metrics: Sequence[str]) -> list[str]:
    """The columns; known also when there is no trial yet."""
    if rows:
        return list(rows[0])
    last = ("tasks", "seconds", "origin", "note", "asked_at", "finished_at", "failure")
    return ["number", "state", *metrics, *(f"param.{name}" for name in names), *last]


def _csv(rows: Sequence[dict[str, Value]], heads: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(["" if row[head] is None else value_text(row[head]) for head in heads] for row in rows)
    return text.getvalue()


def _parquet(rows: Sequence[dict[str, Value]], path: Path) -> None:
    pandas = require("pandas", extra="tune")
    require("pyarrow", extra="tune")
    columns = {head: _column([row[head] for row in rows]) for head in (rows[0] if rows else {})}
    pandas.DataFrame(columns).to_parquet(path, index=False)


def _column(values: Sequence[Value]) -> list[Any]:
    """A Parquet column has one type: values of several, or lists and objects, become JSON text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or (len(kinds) == 1 and kinds <= {str, bool}):
        return list(values)
    return [None if value is None else json_text(value, indent=-1) for value in values]
