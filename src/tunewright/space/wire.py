r"""A space as JSON, and back.

    {"version": 1,
     "parameters": {"lr": {"type": "float", "low": 1e-05, "high": 0.1, "log": true}, …},
     "when": {"momentum": "opt == \"sgd\""},
     "constraints": ["low < high"]}

Written exactly, read kindly: "version", "when" and "constraints" may be missing, numbers may be text that YAML left so ("1e-5"),
and {"type": "choice", "branches": {"svm": {…}}} may nest. Fields that differ from their default alone are written.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from tunewright.errors import SpaceError
from tunewright.space.choice import Choice, Member
from tunewright.space.choices import Bool, Categorical, Ordinal
from tunewright.space.expression import Expression
from tunewright.space.number import Float, Int
from tunewright.space.parameter import Parameter
from tunewright.space.prior import Normal
from tunewright.space.values import hint, show

__all__ = ["VERSION", "Description", "read", "read_parameter", "write", "write_parameter"]

VERSION: Final = 1
"""Of the format. A file of a later version is refused."""

_KINDS: Final[dict[str, Callable[..., Member]]] = {
    "float": Float,
    "int": Int,
    "categorical": Categorical,
    "ordinal": Ordinal,
    "bool": Bool,
    "choice": Choice,
}
_FIELDS: Final = {
    "float": ("low", "high", "log", "step", "default", "prior"),
    "int": ("low", "high", "log", "step", "default", "prior"),
    "categorical": ("choices", "default", "prior"),
    "ordinal": ("choices", "default", "prior"),
    "bool": ("default", "prior"),
    "choice": ("branches", "default", "prior"),
}
_NEEDED: Final = {
    "float": ("low", "high"),
    "int": ("low", "high"),
    "categorical": ("choices",),
    "ordinal": ("choices",),
    "choice": ("branches",),
}


class Description(NamedTuple):
    """What a SearchSpace is built from."""

    parameters: dict[str, Member]
    when: dict[str, str | Expression]
    constraints: list[str | Expression]


def write(parameters: Mapping[str, Parameter], when: Mapping[str, Expression], constraints: Sequence[Expression]) -> str:
    """The JSON text of a space."""
    data = {
        "version": VERSION,
        "parameters": {name: write_parameter(parameter) for name, parameter in parameters.items()},
        "when": {name: str(condition) for name, condition in when.items()},
        "constraints": [str(constraint) for constraint in constraints],
    }
    return msgspec.json.encode(data).decode()


def write_parameter(parameter: Parameter) -> dict[str, Any]:
    """One parameter as JSON values."""
    return {"type": type(parameter).__name__.lower(), **parameter.describe()}


def read(source: str | bytes | Mapping[str, Any]) -> Description:
    """Read a description of a space, from JSON text or the values it stands for.

    Raises:
        SpaceError: it is no such description; the message names the place.
    """
    data = _load(source) if isinstance(source, str | bytes) else source
    if not isinstance(data, Mapping):
        raise SpaceError(f'A space is a mapping {{"parameters": {{…}}}}, got {show(data)}.')
    _only(data, ("version", "parameters", "when", "constraints"), "the description of a space")
    version = data.get("version", VERSION)
    if version != VERSION or isinstance(version, bool):
        raise SpaceError(
            f"This space is written in version {show(version)} of the format, and this Tunewright reads version {VERSION}. Update it."
        )
    if "parameters" not in data:
        raise SpaceError('The description of a space lacks "parameters": {"lr": {"type": "float", "low": 0.001, "high": 0.1}}.')
    when, constraints = data.get("when") or {}, data.get("constraints") or []
    if not isinstance(when, Mapping):
        raise SpaceError(f'"when" holds a condition for each name, {{"momentum": "opt == \'sgd\'"}}, got {show(when)}.')
    if not isinstance(constraints, list | tuple):
        raise SpaceError(f'"constraints" is a list of texts, ["low < high"], got {show(constraints)}.')
    return Description(_members(data["parameters"], '"parameters"'), dict(when), list(constraints))


def _load(text: str | bytes) -> Any:  # noqa: ANN401  JSON
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            name = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
            raise SpaceError(f"The description of the space holds {show(name)} twice in one place. Rename one.")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except SpaceError:
        raise
    except (ValueError, RecursionError) as error:
        raise SpaceError(f"The description of the space is not JSON: {error}.") from None


def _members(data: Any, where: str) -> dict[str, Member]:  # noqa: ANN401  JSON
    if not isinstance(data, Mapping):
        raise SpaceError(f'{where} holds parameters by name, {{"lr": {{"type": "float", …}}}}, got {show(data)}.')
    return {name: read_parameter(name, spec) for name, spec in data.items()}


def read_parameter(name: str, spec: Any) -> Member:  # noqa: ANN401  JSON
    """One parameter, or a choice of sub-spaces, from JSON values.

    Raises:
        SpaceError: it is no description of one; the message begins with its name.
    """
    where = show(name)
    if isinstance(spec, Parameter | Choice):
        return spec
    if not isinstance(spec, Mapping) or "type" not in spec:
        raise SpaceError(
            f'{where} needs a type, {{"type": "float", "low": 0, "high": 1}}, got {show(spec)}. Types: {", ".join(_KINDS)}.'
        )
    kind = spec["type"]
    if not isinstance(kind, str) or kind.lower() not in _KINDS:
        raise SpaceError(f"{where}: there is no type {show(kind)}. Types: {', '.join(_KINDS)}.{hint(kind, _KINDS)}")
    kind = kind.lower()
    fields = {field: value for field, value in spec.items() if field != "type"}
    _only(fields, _FIELDS[kind], f"{where} ({kind})")
    if missing := [field for field in _NEEDED.get(kind, ()) if field not in fields]:
        raise SpaceError(f"{where} ({kind}) lacks {', '.join(map(show, missing))}.")
    try:
        return _KINDS[kind](**{field: _field(kind, field, value, where) for field, value in fields.items()})
    except SpaceError as error:
        text = str(error)
        raise SpaceError(text if text.startswith(where) else f"{where}: {text}") from None


def _field(kind: str, field: str, value: Any, where: str) -> Any:  # noqa: ANN401  JSON
    if kind == "choice" and field == "branches" and isinstance(value, Mapping):
        return {branch: _members(inner or {}, f"branch {show(branch)} of {where}") for branch, inner in value.items()}
    if kind not in {"float", "int"}:
        return value
    if field == "prior" and isinstance(value, Mapping):
        _only(value, ("center", "spread"), f"{where}: prior")
        if len(value) < 2:
            raise SpaceError(f'{where}: prior needs {{"center": …, "spread": …}}, got {show(dict(value))}.')
        return Normal(_number(value["center"]), _number(value["spread"]))
    return _number(value) if field in {"low", "high", "step", "default"} else value


def _number(value: Any) -> Any:  # noqa: ANN401  a number, or what the parameter refuses by name
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _only(data: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in data:
        if name not in known:
            raise SpaceError(f"{where} has no field {show(name)} (fields: {', '.join(known)}).{hint(name, known)}")
