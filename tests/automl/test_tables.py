from pathlib import Path

import pandas as pd
import pytest

from tunewright.automl.tables import read_table
from tunewright.errors import DataError

ROWS = "name,x\nanna,1\nbert,2\n"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_text(tmp_path: Path, delimiter: str) -> None:
    table = read_table(write(tmp_path / "t.csv", ROWS.replace(",", delimiter)))

    assert table.frame.columns.tolist() == ["name", "x"]
    assert table.frame["x"].tolist() == ["1", "2"]


def test_decimal_commas_do_not_fool_the_delimiter(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv", "a;b\n1,5;2,5\n3,5;4,5\n"))

    assert table.frame["b"].tolist() == ["2,5", "4,5"]
    assert table.notes == ("The columns are separated by semicolons.",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    table = read_table(write(tmp_path / "t.csv", "größe,y\nfrüh,1\n".encode(encoding)))

    assert table.frame.columns.tolist() == ["größe", "y"]
    assert table.frame["größe"].tolist() == ["früh"]
    assert any("Windows-1252" in note for note in table.notes) == (encoding == "cp1252")


def test_quoted_cells_may_hold_delimiters_and_new_lines(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv", 'a,b\n"x, y","two\nlines"\n"say ""hi""",z\n'))

    assert table.frame.to_numpy().tolist() == [["x, y", "two\nlines"], ['say "hi"', "z"]]


def test_missing_markers_are_missing(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv", "a,b\nNA,1\n?,2\n,3\nnull,4\n-,5\n"))

    assert table.frame["a"].isna().tolist() == [True, True, True, True, False]


def test_one_column_and_windows_line_ends(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv", "y\r\n1\r\n2\r\n"))

    assert table.frame.columns.tolist() == ["y"]
    assert table.frame["y"].tolist() == ["1", "2"]


def test_a_trailing_delimiter_makes_no_column(tmp_path: Path) -> None:
    assert read_table(write(tmp_path / "t.csv", "a,b,\n1,2,\n3,4,\n")).frame.columns.tolist() == ["a", "b"]


def test_an_unnamed_column_with_values_gets_a_name(tmp_path: Path) -> None:
    assert read_table(write(tmp_path / "t.csv", ",b\n0,2\n1,4\n")).frame.columns.tolist() == ["column 1", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("a,b\n", "no rows"),
        ("a,b,a\n1,2,3\n", r'column names repeat: "a" \(columns 1, 3\).*name of its own'),
        ("a,b\n1,2,3\n4,5,6\n", "Name every column"),
        ("a,b\n1,2\n4,5,6\n", "not a regular table: Expected 2 fields in line 3, saw 3"),
        (b"PK\x03\x04 and so on", "Excel workbook"),
        (b"a,b\n\x00\x01,2\n", "binary data"),
        ('{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', "t.csv is JSON, not a CSV or Parquet file"),
        ('\ufeff[ {"a": 1, "b": 2},\n {"a": 3, "b": 4}]', "t.csv is JSON"),
        (b"PAR1 not really", "not a readable Parquet file"),
    ],
)
def test_what_is_no_table_is_refused_with_the_mend(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(write(tmp_path / "t.csv", content))


def test_a_file_that_calls_itself_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Save the table as CSV"):
        read_table(write(tmp_path / "t.jsonl", "[1, 2]\n"))


def test_a_missing_file_is_named_with_its_neighbour(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", ROWS)

    with pytest.raises(DataError, match=r'trian.csv is not there.*Did you mean "train.csv"\?'):
        read_table(tmp_path / "trian.csv")


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2020-01-01", "2020-01-02"])})
    frame.to_parquet(tmp_path / "t.parquet")

    table = read_table(tmp_path / "t.parquet")

    pd.testing.assert_frame_equal(table.frame, frame)


def test_the_fingerprint_is_the_content(tmp_path: Path) -> None:
    one, same, other = write(tmp_path / "1.csv", ROWS), write(tmp_path / "2.csv", ROWS), write(tmp_path / "3.csv", ROWS + "c,3\n")

    assert read_table(one).fingerprint == read_table(same).fingerprint != read_table(other).fingerprint


@pytest.mark.parametrize(
    ("text", "columns", "first"),
    [
        ('id, "income, net", y\n1, 2, 3\n4, 5, 6\n', ["id", "income, net", "y"], ["1", "2", "3"]),
        ('id, "income", y\n1, 2, 3\n', ["id", "income", "y"], ["1", "2", "3"]),
        ("a,b\r1,2\r3,4\r", ["a", "b"], ["1", "2"]),
        (";".join(f"gene{i}" for i in range(30_000)) + "\n" + ";".join("1" * 30_000) + "\n", None, None),
        ("a,b\n1," + "x" * 200_000 + "\n", ["a", "b"], None),
    ],
    ids=["quotes behind blanks", "quoted name", "carriage returns", "a wide table", "a long text"],
)
def test_tables_as_others_write_them(tmp_path: Path, text: str, columns: list[str] | None, first: list[str] | None) -> None:
    frame = read_table(write(tmp_path / "t.csv", text)).frame

    assert columns is None or frame.columns.tolist() == columns
    assert columns is not None or frame.shape == (1, 30_000)
    assert first is None or frame.iloc[0].tolist() == first
