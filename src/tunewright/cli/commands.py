"""The table of commands, and what their help says.

`group()` is a Typer group that knows every command by this table alone; the module behind a command is imported when the command
itself is asked for.
"""

import difflib
import importlib
import re
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

import tunewright
from tunewright.cli.ends import work
from tunewright.cli.terminal import document, say

__all__ = ["COMMANDS", "Command", "group"]


class Command(NamedTuple):
    """Where a command stands (module and function), under which heading, its line in the list, and its examples."""

    module: str
    function: str
    heading: str
    summary: str
    examples: str


_MAIN: Final = "The main job"
_SEARCH: Final = "Search with an objective of your own"
_LOOK: Final = "Look at a study"
_KEEP: Final = "Keep studies in order"

COMMANDS: Final[dict[str, Command]] = {
    "tune": Command(
        "tune",
        "tune",
        _MAIN,
        "Find the best model for a table.",
        """
        tunewright tune patients.csv --target diagnosis
        tunewright tune houses.parquet --target price --metric mae --time 10m --workers 4 --out houses
        tunewright tune visits.csv --target returned --groups patient --models linear,forest --trials 100
        tunewright tune patients.csv --target diagnosis --time 10m --resume     # go on where it ended
        """,
    ),
    "predict": Command(
        "predict",
        "predict",
        _MAIN,
        "Apply a tuned model to new rows.",
        """
        tunewright predict tunewright-patients/model.skops new.csv -o predictions.csv
        tunewright predict model.skops new.parquet | head
        """,
    ),
    "run": Command(
        "run",
        "run",
        _SEARCH,
        "Search a space with a Python function.",
        """
        tunewright run train:objective --space space.yaml --metric loss --trials 100
        tunewright run train:objective --space train:space --metric accuracy --maximize --folds 5 --time 10m --workers 4 --task-memory 2GB
        tunewright run train:objective --space space.yaml --sampler grid --levels 4 --study grid.db
        tunewright run train:objective --trials 200     # the same study goes on: its space is recorded
        """,
    ),
    "worker": Command(
        "run",
        "worker",
        _SEARCH,
        "Join a study that others have begun.",
        """
        tunewright worker runs.db first train:objective
        tunewright worker postgresql://tuner@db/studies first train:objective --workers 4 --task-time 1h --retries 1
        """,
    ),
    "stop": Command(
        "by_hand",
        "stop",
        _SEARCH,
        "Ask running tasks to stop.",
        """
        tunewright stop runs.db
        tunewright stop runs.db --trial 7 --why "it diverges"
        """,
    ),
    "ask": Command(
        "by_hand",
        "ask",
        _SEARCH,
        "Get the next configuration to try.",
        """
        tunewright ask oven.db --space space.yaml --metric taste --maximize     # the first time: makes the study
        tunewright ask oven.db
        tunewright ask oven.db --json | jq .params
        """,
    ),
    "tell": Command(
        "by_hand",
        "tell",
        _SEARCH,
        "Say what came of a configuration.",
        """
        tunewright tell oven.db 3 0.31
        tunewright tell oven.db 3 loss=0.31 size_mb=12 --seconds 95
        tunewright tell oven.db 3 --failed "the dough did not rise"
        """,
    ),
    "enqueue": Command(
        "by_hand",
        "enqueue",
        _SEARCH,
        "Have a configuration of yours tried next.",
        """
        tunewright enqueue oven.db heat=220 minutes=35 --note "grandmother's way"
        tunewright enqueue runs.db --params '{"lr": 0.001, "opt": "adam"}'
        """,
    ),
    "show": Command(
        "looking",
        "show",
        _LOOK,
        "Studies, counts, the best, the last, what failed.",
        """
        tunewright show runs.db
        tunewright show runs.db --name first --last 20
        tunewright show runs.db --trial 3
        """,
    ),
    "best": Command(
        "looking",
        "best",
        _LOOK,
        "The best configuration.",
        """
        tunewright best runs.db
        tunewright best runs.db --top 5
        tunewright best runs.db --json | jq .params
        """,
    ),
    "export": Command(
        "writing",
        "export",
        _LOOK,
        "All trials as CSV, JSON or Parquet.",
        """
        tunewright export runs.db -o trials.csv
        tunewright export runs.db -o trials.parquet
        tunewright export runs.db --format csv | head
        """,
    ),
    "report": Command(
        "writing",
        "report",
        _LOOK,
        "A page to read and to send: report.html.",
        """
        tunewright report runs.db
        tunewright report runs.db --name first -o first.html
        tunewright report runs.db --format md     # or json, for programs
        """,
    ),
    "importance": Command(
        "explaining",
        "importance",
        _LOOK,
        "Which hyperparameters mattered.",
        """
        tunewright importance runs.db
        tunewright importance runs.db --method sobol --metric loss
        tunewright importance runs.db --of "top 10 %" --json
        """,
    ),
    "effects": Command(
        "explaining",
        "effects",
        _LOOK,
        "How the metric goes with each hyperparameter.",
        """
        tunewright effects runs.db
        tunewright effects runs.db lr depth     # both together
        """,
    ),
    "tunability": Command(
        "explaining",
        "tunability",
        _LOOK,
        "What tuning is worth beyond the defaults.",
        """
        tunewright tunability runs.db
        tunewright tunability runs.db --metric loss --json
        """,
    ),
    "refine": Command(
        "advising",
        "refine",
        _LOOK,
        "Propose the space of the next round.",
        """
        tunewright refine runs.db
        tunewright refine runs.db --keep 0.8 --yes
        tunewright refine runs.db -o space.json     # to edit it; then: run ... --space space.json --edit
        """,
    ),
    "compare": Command(
        "advising",
        "compare",
        _LOOK,
        "Say whether two studies really differ.",
        """
        tunewright compare tpe.db gp.db
        tunewright compare runs.db::first runs.db::second --margin 0.001
        """,
    ),
    "doctor": Command(
        "keeping",
        "doctor",
        _KEEP,
        "Check a storage; mend what can be mended.",
        """
        tunewright doctor runs.db
        tunewright doctor runs.db --mend
        """,
    ),
    "replay": Command(
        "keeping",
        "replay",
        _KEEP,
        "Make every recorded decision again and compare.",
        """
        tunewright replay runs.db
        tunewright replay runs.db --name first --json
        """,
    ),
    "delete": Command(
        "keeping",
        "delete",
        _KEEP,
        "Delete a study.",
        """
        tunewright delete runs.db --name first
        tunewright delete runs.db --name first --yes
        """,
    ),
}

_EPILOG: Final = """\b
Every command explains itself with examples: tunewright run --help
A STUDY is a file or a URL: runs.db, sqlite:///runs.db. With several in it, --name says which.

\b
Exit codes: 0 done; 1 the work failed, or there is no result; 2 bad usage or input;
3 storage trouble; 130 interrupted (what was finished is kept).
With --json the standard output is one JSON document, also for an error.
"""


class _Commands(TyperGroup):
    """Commands that are imported when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002  Typer's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401  Typer's signature
        if cmd_name not in COMMANDS:
            close = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            ctx.fail(f"there is no command {cmd_name!r}." + (f" Did you mean {close[0]!r}?" if close else ""))
        return _load(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002  Typer's signature
        for heading in dict.fromkeys(command.heading for command in COMMANDS.values()):
            with formatter.section(heading):
                formatter.write_dl(
                    [(f"{name:<8}", command.summary) for name, command in COMMANDS.items() if command.heading == heading]
                )


class _Command(TyperCommand):
    """A command whose help leaves out what nobody reads: types in angle brackets, ranges in algebra."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401  Typer's signature
        return [re.sub(r"^\{(.+)\}$", r"\1", piece) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  Typer's signature
        found: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                name, text = record
                found[parameter.param_type_name].append((name.split(" <str", 1)[0], _plain(text)))
        found["argument"] = [
            (name.split(" <", 1)[0], text.removesuffix("[required]").rstrip()) for name, text in found["argument"]
        ]
        for heading, records in (("Arguments", found["argument"]), ("Options", found["option"])):
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


def _plain(text: str) -> str:
    return re.sub(r" *\[\]$", "", re.sub(r"(; )?x>=\d+(; )?", "", text))


def _load(name: str) -> Any:  # noqa: ANN401  a click command, whichever click Typer stands on
    command = COMMANDS[name]
    function = getattr(importlib.import_module(f"tunewright.cli.{command.module}"), command.function)
    settings = _SETTINGS | ({"ignore_unknown_options": True} if name == "tell" else {})  # -0.31 is a result
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=settings)
    lines = [line.strip() for line in command.examples.strip().splitlines()]
    alone.command(name, cls=_Command, epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines))(function)
    made = typer.main.get_command(alone)
    work()
    return made


_SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def group() -> Any:  # noqa: ANN401  a click group, whichever click Typer stands on
    """All commands as one."""
    app = typer.Typer(
        cls=_Commands,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_SETTINGS,
        epilog=_EPILOG,
        invoke_without_command=True,
    )
    app.callback()(_root)
    return typer.main.get_command(app)


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say the version and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", hidden=True, help="With --version: as JSON.")] = False,
) -> None:
    """Tune hyperparameters, judge them honestly, lose nothing."""
    if version:
        if as_json:
            document({"version": tunewright.__version__})
        else:
            say(f"tunewright {tunewright.__version__}")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit(0)
