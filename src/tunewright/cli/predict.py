"""Apply a tuned model to new rows."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tunewright.automl.model_file import load_model
from tunewright.automl.model_file import predict as answer
from tunewright.automl.tables import read_table
from tunewright.cli.options import AsJson, Debug
from tunewright.cli.terminal import document, remark, say
from tunewright.cli.writing import Format, format_of, whole_file
from tunewright.errors import StudyError

__all__ = ["predict"]


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file that tune has written.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A CSV or Parquet file with the columns of the training data.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to. [default: the standard output]")
    ] = None,
    kind: Annotated[Format | None, typer.Option("--format", help="[default: by the ending of FILE, else csv]")] = None,
    with_data: Annotated[bool, typer.Option("--with-data", help="Put the columns of DATA before the predictions.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Predict every row of a table; for a classification also the probability of each class.

    A table whose columns do not fit is refused, and the columns are named. A target column in it is ignored.
    """
    del debug
    chosen = format_of(out, kind, Format.json if as_json and out is None else Format.csv)
    if out is None and (chosen is Format.parquet or (as_json and chosen is Format.csv)):
        raise StudyError(f"{str(chosen).upper()} does not go to the standard output here. Name a file: -o predictions.{chosen}.")
    loaded = load_model(model)
    table = read_table(data)
    predicted = answer(loaded, table.frame)
    frame = predicted.frame
    if with_data:
        taken = {column: f"{column} (data)" for column in table.frame.columns if column in frame.columns}
        frame = table.frame.rename(columns=taken).join(frame)
        for column, other in taken.items():
            remark(f'note: the column "{column}" of the data is called "{other}" here')
    for note in predicted.notes:
        remark(f"note: {note}")
    if out is None:
        _print(frame, chosen, predicted.notes, as_json=as_json)
        return
    with whole_file(out) as partial:
        _write(frame, partial, chosen)
    if as_json:
        document({"path": str(out), "rows": len(frame), "notes": predicted.notes})
    else:
        say(f"{out}: {len(frame):,} prediction{'' if len(frame) == 1 else 's'} of {loaded.card.task.target}")


def _print(frame: Any, chosen: Format, notes: tuple[str, ...], *, as_json: bool) -> None:  # noqa: ANN401  a DataFrame
    if as_json:
        document({"rows": len(frame), "predictions": _rows(frame), "notes": notes})
    elif chosen is Format.json:
        document(_rows(frame))
    else:
        frame.to_csv(sys.stdout, index=False, lineterminator="\n")


def _rows(frame: Any) -> list[dict[str, Any]]:  # noqa: ANN401  a DataFrame
    """A dictionary for each row, in JSON's own types."""
    return [
        {
            str(name): None if value is None or value != value else value  # noqa: PLR0124  NaN
            for name, value in row.items()
        }
        for row in frame.astype(object).to_dict("records")
    ]


def _write(frame: Any, path: Path, chosen: Format) -> None:  # noqa: ANN401  a DataFrame
    match chosen:
        case Format.parquet:
            frame.to_parquet(path, index=False)
        case Format.json:
            frame.to_json(path, orient="records", indent=2, force_ascii=False)
        case Format.csv:
            frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
