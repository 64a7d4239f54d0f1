"""What a command line names: Python objects, files that describe a space, values typed by hand.

YAML is read by the core schema of YAML 1.2, which is what people expect: `on`, `off`, `yes`, `no` are texts, `1e-5` is a number, and
dates and times stay texts. (PyYAML itself follows 1.1, where a choice between [on, off] silently becomes [true, false].) A key that
stands twice is an error, not a puzzle.
"""

import importlib
import json
import re
import sys
import traceback
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import yaml

from tunewright.errors import MetricError, ParamsError, SpaceError, StudyError, TunewrightError
from tunewright.space import SearchSpace
from tunewright.typing import Params, Value

__all__ = ["assignments", "import_object", "load_space", "params_of", "read_yaml"]

_FILES: Final = (".yaml", ".yml", ".json")


# ---- Python objects ------------------------------------------------------------------------------------------------------------


def import_object(text: str, *, what: str) -> Any:  # noqa: ANN401  whatever the user wrote
    """The object that MODULE:NAME names, with the current folder first on the path.

    Args:
        text: "train:objective", "package.module:name", or "folder/train.py:objective".
        what: what it should be, for messages ("the objective").

    Raises:
        StudyError: there is no such module or name in it, or importing it failed.
    """
    module, colon, name = text.rpartition(":")
    if not colon or not module or not name:
        raise StudyError(
            f'{what} "{text}": write MODULE:NAME, for example train:objective for the function "objective" in train.py.'
        )
    found: Any = _module(module, what)
    for part in name.split("."):
        if not hasattr(found, part):
            public = [known for known in vars(found) if not known.startswith("_")] if isinstance(found, ModuleType) else []
            there = f" It has: {', '.join(public[:12])}." if public else ""
            raise StudyError(f'{what} "{text}": there is no "{part}" in {module}.{there}')
        found = getattr(found, part)
    return found


def _module(name: str, what: str) -> ModuleType:
    folder = Path.cwd()
    if name.endswith(".py"):
        file = Path(name)
        if not file.is_file():
            raise StudyError(f"{what}: there is no file {name}.")
        folder, name = file.resolve().parent, file.stem
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    except TunewrightError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise StudyError(f'{what}: there is no module "{name}" in {folder}, nor is one installed.') from error
        raise StudyError(f'{what}: importing "{name}" failed: {_where(error)}') from error
    except (Exception, SystemExit) as error:
        raise StudyError(f'{what}: importing "{name}" failed: {_where(error)}') from error


def _where(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


# ---- spaces --------------------------------------------------------------------------------------------------------------------


def load_space(text: str) -> SearchSpace:
    """A space from a YAML or JSON file, or from MODULE:NAME (a SearchSpace, a mapping of parameters, or a function that gives one).

    Raises:
        SpaceError: the file cannot be read, or describes no space.
        StudyError: there is no such module or name.
    """
    if text.lower().endswith(_FILES):
        return _space_file(Path(text))
    if ":" not in text:
        raise SpaceError(f'--space "{text}": give a .yaml or .json file, or MODULE:NAME.')
    found = import_object(text, what="the space")
    if callable(found) and not isinstance(found, SearchSpace | type):
        try:
            found = found()
        except TunewrightError:
            raise
        except Exception as error:
            raise SpaceError(
                f'--space "{text}" is a function, and calling it without arguments failed: {_where(error)}'
            ) from error
    if isinstance(found, SearchSpace):
        return found
    if isinstance(found, Mapping):
        return SearchSpace(found)
    raise SpaceError(f'--space "{text}" is a {type(found).__name__}, not a SearchSpace.')


def _space_file(path: Path) -> SearchSpace:
    try:
        source = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpaceError(f"{path}: {error.strerror}. --space names a file that describes a search space.") from error
    except UnicodeDecodeError as error:
        raise SpaceError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start}).") from error
    try:
        return SearchSpace.from_json(source if path.suffix.lower() == ".json" else read_yaml(source, str(path)))
    except SpaceError as error:
        raise SpaceError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error


class _Loader(yaml.SafeLoader):
    """YAML by the core schema of version 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  PyYAML's own way to say it

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As SafeLoader does, but a key may stand once only."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f'"{key.value}" stands twice in one place', key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:[0-9]+|0x[0-9a-fA-F]+)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def _whole(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 16 if "x" in text else 10)


_Loader.add_constructor("tag:yaml.org,2002:int", _whole)


def read_yaml(source: str, where: str) -> Any:  # noqa: ANN401  YAML values
    """YAML text as JSON values.

    Raises:
        SpaceError: it is no YAML; the message names the line.
    """
    try:
        return yaml.load(source, _Loader)  # noqa: S506  derived from SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise SpaceError(f"{where}{line}: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise SpaceError(f"{where}: {' '.join(str(error).split())}.") from error


# ---- values typed by hand ------------------------------------------------------------------------------------------------------


def assignments(texts: Sequence[str]) -> dict[str, str]:
    """`name=value` texts, by name.

    Raises:
        ParamsError: one has no "=", or a name stands twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ParamsError(f"{text!r}: write NAME=VALUE.")
        if name in found:
            raise ParamsError(f'"{name}" is given twice.')
        found[name] = value
    return found


def params_of(space: SearchSpace, typed: Mapping[str, str]) -> Params:
    """Typed values as values of the space's parameters; what does not fit is left to the space to refuse.

    A value is read as JSON where the parameter takes it so, else as the text itself: `opt=adam`, `depth=4`, `layers=[64,64]`, and
    `version='"1"'` for the text "1" where the number 1 is a choice too.
    """
    return {name: _typed(space, name, text) for name, text in typed.items()}


def _typed(space: SearchSpace, name: str, text: str) -> Value:
    readings: list[Value] = []
    try:
        readings.append(json.loads(text, parse_constant=_no_constant))
    except ValueError:
        if text in {"True", "False"}:
            readings.append(text == "True")
    readings.append(text)
    if name not in space.parameters:
        return readings[0]
    parameter = space.parameters[name]
    for reading in readings:
        try:
            SearchSpace({name: parameter}).validate({name: reading})
        except (ParamsError, MetricError):
            continue
        return reading
    return readings[0]


def _no_constant(text: str) -> float:
    raise ValueError(text)
