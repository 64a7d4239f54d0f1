from pathlib import Path
from typing import Any

import pytest

from tunewright.cli.inputs import assignments, import_object, load_space, params_of, read_yaml
from tunewright.errors import ParamsError, SpaceError, StudyError
from tunewright.space import Categorical, Float, Int, SearchSpace


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("[on, off, yes, no, y]", ["on", "off", "yes", "no", "y"]),
        ("[true, False, null, ~]", [True, False, None, None]),
        ("[1e-5, 1E3, .5, -2., 0x10, 010, 1_000]", [1e-5, 1000.0, 0.5, -2.0, 16, 10, "1_000"]),
        ("[2024-01-01, 12:30:00, 1.2.3]", ["2024-01-01", "12:30:00", "1.2.3"]),
        ("['1', \"true\"]", ["1", "true"]),
    ],
)
def test_yaml_means_what_people_expect(source: str, value: Any) -> None:
    read = read_yaml(source, "x.yaml")

    assert read == value
    assert [type(item) for item in read] == [type(item) for item in value]


def test_a_key_that_stands_twice_is_an_error_with_its_line() -> None:
    with pytest.raises(SpaceError, match=r'x\.yaml, line 3: "lr" stands twice in one place'):
        read_yaml("parameters:\n  lr: 1\n  lr: 2\n", "x.yaml")


def test_broken_yaml_names_its_line() -> None:
    with pytest.raises(SpaceError, match=r"x\.yaml, line 2"):
        read_yaml("a: 1\nb: ]\nc: 2\n", "x.yaml")


def test_yaml_builds_no_python_objects() -> None:
    with pytest.raises(SpaceError, match="could not determine a constructor"):
        read_yaml("!!python/object/apply:os.system ['true']", "x.yaml")


def test_a_space_comes_from_yaml_json_or_python(folder: Path) -> None:
    (folder / "space.json").write_text(load_space("space.yaml").to_json(), encoding="utf-8")

    assert load_space("space.yaml") == load_space("space.json") == load_space("train:space") == load_space("train.py:space")


def test_a_space_may_be_a_mapping_or_made_by_a_function(folder: Path) -> None:
    (folder / "made.py").write_text(
        "import tunewright as tw\nplain = {'x': tw.Float(0, 1)}\ndef build(): return plain\n", encoding="utf-8"
    )

    assert load_space("made:plain") == load_space("made:build") == SearchSpace({"x": Float(0, 1)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing.yaml", "nothing.yaml: No such file"),
        ("nowhere", r"give a .yaml or .json file, or MODULE:NAME"),
        ("nowhere:space", 'there is no module "nowhere"'),
        ("train:spice", 'there is no "spice" in train. It has: .*space'),
        ("train:objective", "calling it without arguments failed"),
        ("train:tw", "is a module, not a SearchSpace"),
    ],
)
def test_what_is_no_space_is_said(folder: Path, text: str, message: str) -> None:
    with pytest.raises((SpaceError, StudyError), match=message):
        load_space(text)


def test_an_error_in_a_space_file_names_the_file_and_the_parameter(folder: Path) -> None:
    (folder / "bad.yaml").write_text("parameters:\n  lr: {type: float, low: 2, high: 1}\n", encoding="utf-8")

    with pytest.raises(SpaceError, match=r'^bad\.yaml: .*"lr"'):
        load_space("bad.yaml")


def test_a_space_file_may_have_a_byte_order_mark(folder: Path) -> None:
    (folder / "bom.yaml").write_bytes(b"\xef\xbb\xbf" + (folder / "space.yaml").read_bytes())

    assert load_space("bom.yaml") == load_space("space.yaml")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library' .*broken.py, line 1"),
        ("x = = 1\n", "SyntaxError: .*line 1"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("1 / 0\n", "ZeroDivisionError: division by zero .*line 1"),
    ],
)
def test_a_module_that_cannot_be_imported_says_where(folder: Path, source: str, message: str) -> None:
    (folder / "broken.py").write_text(source, encoding="utf-8")

    with pytest.raises(StudyError, match=f'importing "broken" failed: {message}'):
        import_object("broken:objective", what="the objective")


@pytest.mark.parametrize("text", ["train", "train:", ":objective", ""])
def test_an_object_needs_module_and_name(folder: Path, text: str) -> None:
    with pytest.raises(StudyError, match="write MODULE:NAME"):
        import_object(text, what="the objective")


def test_an_attribute_of_an_attribute_is_found(folder: Path) -> None:
    assert import_object("train:tw.Float", what="it") is Float


def test_assignments_keep_what_follows_the_first_sign() -> None:
    assert assignments(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("texts", [["a"], ["=1"], ["a=1", "a=2"]])
def test_what_is_no_assignment_is_refused(texts: list[str]) -> None:
    with pytest.raises(ParamsError):
        assignments(texts)


def test_typed_values_take_the_type_that_their_parameter_has() -> None:
    space = SearchSpace(
        {
            "lr": Float(0, 1),
            "depth": Int(1, 9),
            "opt": Categorical(["adam", "1", 1, True, None]),
            "layers": Categorical([[64, 64], "null"]),
            "flag": Categorical(["true", "x"]),
        }
    )

    found = params_of(space, {"lr": "1e-3", "depth": "4", "opt": "1", "layers": "[64, 64]", "flag": "true"})

    assert found == {"lr": 0.001, "depth": 4, "opt": 1, "layers": [64, 64], "flag": "true"}
    assert params_of(space, {"opt": '"1"'}) == {"opt": "1"}
    assert params_of(space, {"opt": "True", "layers": "null"}) == {"opt": True, "layers": "null"}
    assert params_of(space, {"opt": "null"}) == {"opt": None}
