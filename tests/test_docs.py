"""Every example in the documentation and in the README is run, as its reader would run it.

The blocks of a page are run in order, as one script in an empty folder:

- a `python` block is run in the page's one namespace, or saved when its first line is a comment with a file's name (`# train.py`);
- a `yaml`, `csv` or `json` block of that form is saved too, others are only to be read;
- in a `console` block each line that begins with "$ " is run by the shell; it must end with 0, or with N where the line says
  `# exit N`. What is shown below it must appear in its output, in that order; "…" stands for anything.
- `sh` is for the commands that set up a machine (make, pip, git), which `.ci/run` runs itself.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tunewright.cli.commands import COMMANDS
from tunewright.execution.worker import run
from tunewright.trial import Task

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN: Final = {"python", "console"}
READ: Final = {"yaml", "csv", "json", "text", "sql"}
SETUP: Final = ("make", "pip", "git", "cd ", "python -m venv", ".ci/run", "#")

RUNNER: Final = r"""
import json, re, subprocess, sys

def show(page, line, command, shown):
    done = subprocess.run(command, shell=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    status = re.search(r"# exit (\d+)$", command)
    if done.returncode != (int(status[1]) if status else 0):
        sys.exit(f"{page}:{line}: $ {command}\nended with {done.returncode}:\n{done.stdout}")
    rest = " ".join(done.stdout.split())
    for wanted in shown:
        pieces = [re.escape(" ".join(piece.split())) for piece in wanted.split("…")]
        found = re.search(r".*?".join(pieces), rest)
        if not found:
            sys.exit(f"{page}:{line}: $ {command}\nthe page shows: {wanted}\nbut the output is:\n{done.stdout}")
        rest = rest[found.end():]

for _page, _line, _kind, _text, _shown in json.load(open(sys.argv.pop(1), encoding="utf-8")):
    if _kind == "save":
        open(_shown[0], "w", encoding="utf-8").write(_text)
    elif _kind == "run":
        exec(compile("\n" * (_line - 1) + _text, _page, "exec"))
    else:
        show(_page, _line, _text, _shown)
"""


class Block(NamedTuple):
    language: str
    line: int
    text: str


def blocks(page: Path) -> list[Block]:
    found, start, language, text = [], 0, "", [""]
    fence = re.compile(r"^\s*(`{3,}|:{3,})\s*(\S*)")
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        match = fence.match(line)
        if match and not start:
            start, language, text = number, match[2], []
        elif match and not match[2]:
            found.append(Block(language, start + 1, "\n".join(text) + "\n"))
            start = 0
        elif start:
            text.append(line)
    assert not start, f"{page}:{start}: this block is not closed"
    return found


def commands(block: Block) -> list[tuple[int, str, list[str]]]:
    """The commands of a console block: line, command, what is shown below it."""
    found: list[tuple[int, str, list[str]]] = []
    continues = False
    for number, line in enumerate(block.text.splitlines(), block.line):
        if continues:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}", [])
            continues = line.endswith("\\")
        elif line.startswith("$ "):
            found.append((number, line[2:], []))
            continues = line.endswith("\\")
        elif found and line.strip() not in {"", "…"}:
            found[-1][2].append(line)
    return found


def steps(page: Path) -> list[tuple[str, int, str, str, list[str]]]:
    """What the runner does, in the order of the page."""
    name, found = str(page.relative_to(ROOT)), []
    for block in blocks(page):
        saved = re.match(r"# ([\w./-]+\.(?:py|yaml|csv|json))\n", block.text)
        if saved and block.language in RUN | READ:
            found.append((name, block.line, "save", block.text, [saved[1]]))
        elif block.language == "python":
            found.append((name, block.line, "run", block.text, []))
        elif block.language == "console":
            found += [(name, line, "show", command, shown) for line, command, shown in commands(block)]
    return found


def label(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [page for page in PAGES if steps(page)], ids=label)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    plan, runner, folder = tmp_path / "steps.json", tmp_path / "runner.py", tmp_path / "empty"
    plan.write_text(json.dumps(steps(page)), encoding="utf-8")
    runner.write_text(RUNNER, encoding="utf-8")
    folder.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8", "PYTHONSAFEPATH": ""}

    done = subprocess.run(
        [sys.executable, runner, plan], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, f"{label(page)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_block_of_a_page_is_run_or_has_no_need(page: Path) -> None:
    for block in blocks(page):
        place = f"{label(page)}:{block.line}"
        assert block.language in RUN | READ | {"sh"} or block.language.startswith("{"), (
            f'{place}: unknown block "{block.language}"'
        )
        assert not block.language.startswith("{code"), f"{place}: write a plain fence, so that it is run"
        if block.language == "sh":
            strange = [line for line in block.text.splitlines() if line.strip() and not line.startswith(SETUP)]
            assert not strange, f"{place}: make this a console block, so that it is run: {strange}"
        if block.language == "console":
            assert commands(block), f'{place}: a console block needs a line that begins with "$ "'


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))

    missing = [link for link in links if not (page.parent / link).exists()]

    assert not missing


def test_the_example_with_a_checkpoint_returns_the_same_after_a_death_at_its_very_end(tmp_path: Path) -> None:
    (block,) = (each for each in blocks(ROOT / "docs/how-to/limits.md") if "def epochs(live)" in each.text)
    page: dict[str, Any] = {}
    exec(block.text.partition("\nstudy = ")[0], page)

    whole, again = (run(page["epochs"], Task(0, 0, {"x": 0.25}), ("loss",), None, tmp_path) for _ in range(2))

    assert whole.values == again.values == {"loss": 0.75}
    assert (len(whole.reports), len(again.reports)) == (5, 0)


def test_the_readme_opens_with_the_two_commands() -> None:
    first = blocks(ROOT / "README.md")[0]

    assert first.language == "sh"
    assert first.text.split()[:2] == ["make", "demo"]
    assert "make test" in first.text


def test_every_command_has_its_help_on_the_page_of_commands() -> None:
    text = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")

    shown = re.findall(r"^```\{help\} (\w+)$", text, re.MULTILINE)

    assert shown == list(COMMANDS)


def test_a_wrong_example_is_noticed(tmp_path: Path) -> None:
    runner, plan = tmp_path / "runner.py", tmp_path / "steps.json"
    runner.write_text(RUNNER, encoding="utf-8")
    wrong = [
        ("page.md", 3, "run", "1 / 0\n", []),
        ("page.md", 3, "show", "exit 3", []),
        ("page.md", 3, "show", "echo one two", ["one … three"]),
    ]
    right = [
        ("page.md", 3, "save", "print('one')\n", ["a.py"]),
        ("page.md", 3, "show", f"{sys.executable} a.py", ["o…e"]),
        ("page.md", 3, "show", "exit 3  # exit 3", []),
    ]

    for step in wrong:
        plan.write_text(json.dumps([step]), encoding="utf-8")
        done = subprocess.run([sys.executable, runner, plan], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "page.md" in done.stderr
    plan.write_text(json.dumps(right), encoding="utf-8")
    assert subprocess.run([sys.executable, runner, plan], cwd=tmp_path, check=False).returncode == 0
