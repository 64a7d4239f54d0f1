from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import typer

from tunewright.cli.options import SamplerName, metrics_of, sampler_of, scheduler_of, span
from tunewright.errors import MetricError, StudyError
from tunewright.metric import Metric

Cli: TypeAlias = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("60s", 60),
        ("5m", 300),
        ("5min", 300),
        ("1h", 3600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2 h 5 m", 7500),
        ("1d", 86400),
        ("0", 0),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5s", "5x", "1h-", "m5", "1e3s", "nan", "inf"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="Write for example 60s, 5m or 1h30m"):
        span(text)


def test_a_metric_may_say_its_direction_and_its_bound() -> None:
    found = metrics_of(["loss", "accuracy:maximize", "latency_ms<=10", "recall >= 0.8", "f1:max"], None)

    assert found == [
        Metric("loss"),
        Metric("accuracy", "maximize"),
        Metric("latency_ms", "minimize", 10.0),
        Metric("recall", "maximize", 0.8),
        Metric("f1", "maximize"),
    ]


def test_the_flag_is_for_metrics_that_do_not_say_it() -> None:
    assert metrics_of(["accuracy", "loss:minimize"], True) == [Metric("accuracy", "maximize"), Metric("loss")]
    assert metrics_of(None, True) == [Metric("value", "maximize")]
    assert metrics_of(None, None) is None


@pytest.mark.parametrize("text", ["loss:up", "latency<=fast", ":maximize", "a<=nan"])
def test_what_is_no_metric_is_refused(text: str) -> None:
    with pytest.raises(MetricError):
        metrics_of([text], None)


def test_samplers_go_by_name() -> None:
    assert sampler_of(None, None) is None
    assert [repr(sampler_of(name, None)) for name in SamplerName] == [
        "Auto()",
        "GP()",
        "TPE()",
        "CMAES()",
        "Evolution()",
        "Gradient()",
        "QuasiRandom()",
        "Random()",
        "Grid(levels=5)",
        "Manual()",
    ]
    assert repr(sampler_of(SamplerName.grid, ["4"])) == "Grid(levels=4)"
    assert repr(sampler_of(SamplerName.grid, ["lr=7", "depth=3"])) == "Grid(levels={'lr': 7, 'depth': 3})"


@pytest.mark.parametrize(
    ("name", "levels"),
    [(SamplerName.random, ["4"]), (SamplerName.grid, ["x"]), (SamplerName.grid, ["4", "5"]), (SamplerName.grid, ["0"])],
)
def test_levels_that_mean_nothing_are_refused(name: str, levels: list[str]) -> None:
    with pytest.raises(StudyError):
        sampler_of(name, levels)


@pytest.mark.parametrize(
    ("said", "scheduler"),
    [
        ((None, 1, None, "promote"), "None"),
        ((3, 1, None, "promote"), "Once(folds=3, seeds=1)"),
        ((None, 1, "1:27", "promote"), "ASHA(1, 27)"),
        ((None, 1, "0.1:1", "stop"), "ASHA(0.1, 1, resume=False)"),
        ((None, 1, " 2 : 50 ", "hyperband"), "Hyperband(2, 50)"),
        ((None, 1, "2:50", "pbt"), "PBT(2, 50)"),
        ((None, 1, "2:50", "pbt", 8), "PBT(2, 50, population=8)"),
    ],
)
def test_schedulers_are_what_is_said_of_effort(said: Any, scheduler: str) -> None:
    assert repr(scheduler_of(*said)) == scheduler


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ((None, 1, None, "stop"), "Add --budgets"),
        ((None, 1, None, "pbt"), "Add --budgets"),
        ((None, 1, "1:9", "promote", 5), "--population is for population-based training"),
        ((3, 1, "1:27", "promote"), "does not go with"),
        ((None, 1, "27", "promote"), "write the lowest and the highest, 1:27"),
        ((None, 1, "one:9", "promote"), "write the lowest and the highest"),
        ((None, 1, "9:1", "promote"), "0 < low < high"),
    ],
)
def test_efforts_that_mean_nothing_are_refused(said: Any, wrong: str) -> None:
    with pytest.raises(StudyError, match=wrong):
        scheduler_of(*said)


@pytest.mark.parametrize("command", ["worker", "replay"])
def test_the_help_names_no_options_that_a_command_does_not_have(cli: Cli, command: str) -> None:
    text = " ".join(cli(command, "--help").out.split())

    assert "A scheduler of your own. [default: the study's last one]" in text


def test_the_help_says_what_ends_a_search_and_where_files_lie_on_a_server(cli: Cli) -> None:
    text = " ".join(cli("run", "--help").out.split())

    assert "It needs --trials or --time" in text
    assert "[default: as recorded, else value]" in text
    assert "of a study on a server tunewright-files in the present folder]" in text
