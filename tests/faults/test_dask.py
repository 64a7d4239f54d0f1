"""A study on a Dask cluster of separate processes, one of which is killed in the middle of a task."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.samplers import Random
from tunewright.schedulers import ASHA

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's own


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def study_of(path: Path) -> tw.Study:
    return tw.Study({"x": tw.Float(0.0, 1.0)}, tw.Metric("loss"), sampler=Random(), storage=f"sqlite:///{path / 'runs.db'}")


def test_a_killed_worker_costs_no_trial(client: Any, tmp_path: Path) -> None:
    study, killed = study_of(tmp_path), tmp_path / "killed"

    def objective(live: Any) -> dict[str, Any]:
        with (tmp_path / f"runs-{live.trial}").open("a", encoding="ascii") as runs:
            runs.write("x")
        live.report(1, loss=float(live["x"]))
        if live.trial == 2 and not killed.exists():
            killed.write_text(str(os.getpid()), encoding="ascii")
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.05)
        return {"loss": float(live["x"]), "pid": os.getpid()}

    study.optimize(objective, trials=12, workers=2, executor=client.get_executor(pure=False))

    history = study.history
    victim = int(killed.read_text(encoding="ascii"))
    assert (history.completed, history.failed, history.running) == (12, 0, 0)
    assert os.getpid() not in {trial.measurements[0].info["pid"] for trial in history.trials}
    assert history.trials[2].measurements[0].info["pid"] != victim
    runs = [len((tmp_path / f"runs-{number}").read_text(encoding="ascii")) for number in range(12)]
    assert runs[2] == len(history.curve(2)) == 2  # what was reported before the death is kept
    # Dask may also do again what the dead worker had just finished and handed over: that run's reports come too late.
    assert all(1 <= len(history.curve(number)) <= runs[number] <= 2 for number in range(12))


def test_a_scheduler_stops_tasks_of_the_cluster_in_the_middle(client: Any, tmp_path: Path) -> None:
    scheduler = ASHA(1, 9, resume=False)
    study = tw.Study({"x": tw.Float(0.0, 1.0)}, tw.Metric("loss"), sampler=Random(), scheduler=scheduler, seed=0)

    def objective(live: Any) -> Iterator[float]:
        try:
            for _ in range(live.budget):
                time.sleep(0.2)
                yield float(live["x"])
        except tw.Stopped:
            (tmp_path / f"cleaned-{live.trial}").touch()
            raise

    study.optimize(objective, trials=8, workers=2, executor=client.get_executor(pure=False))

    reached = [trial.measurements[0].budget for trial in study.history.trials]
    stopped = [number for number, budget in enumerate(reached) if budget is not None and budget < 9]
    assert stopped
    assert study.history.completed == 8
    assert {path.name for path in tmp_path.glob("cleaned-*")} == {f"cleaned-{number}" for number in stopped}
    assert [len(study.history.curve(number)) for number in range(8)] == reached


def test_when_the_time_is_up_tasks_of_the_cluster_may_clean_up(client: Any, tmp_path: Path) -> None:
    study = study_of(tmp_path)

    def objective(live: Any) -> float:
        for step in range(3000):
            try:
                live.report(step, loss=1.0)
            except tw.Stopped:
                return float(step)
            time.sleep(0.02)
        return -1.0

    study.optimize(objective, seconds=2, overtime=0.2, workers=2, executor=client.get_executor(pure=False))

    assert study.history.completed == 2
    assert all(trial.value is not None and 0 < trial.value < 2999 for trial in study.history.trials)


def test_limits_hold_in_the_clusters_workers_too(client: Any, tmp_path: Path) -> None:
    study = study_of(tmp_path)
    deeds = {0: lambda: time.sleep(600), 1: lambda: os._exit(1)}

    def objective(live: Any) -> float:
        deeds.get(live.trial, lambda: None)()
        return float(live["x"])

    study.optimize(objective, trials=4, workers=2, executor=client.get_executor(pure=False), task_seconds=2)

    assert [failure.kind for _, failure in sorted(study.history.failures, key=lambda found: found[0])] == ["timeout", "crash"]
    assert study.history.completed == 2


def test_an_executor_that_is_shut_down_is_refused_before_any_trial(client: Any, tmp_path: Path) -> None:
    study, executor = study_of(tmp_path), client.get_executor(pure=False)
    executor.shutdown()

    with pytest.raises(StudyError, match="takes no tasks"):
        study.optimize(lambda _: 1.0, trials=1, executor=executor)
    assert len(study.history) == 0


LINE = """
import sys, time
from pathlib import Path
from distributed import Client, LocalCluster
import tunewright as tw

def train(live):
    Path(f"begun-{live.trial}").touch()
    while not Path("go").exists():
        time.sleep(0.02)
    return live["x"]

if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, Client(cluster) as client:
        study = tw.Study({"x": tw.Float(0, 1)}, storage="sqlite:///runs.db")
        limits = {"task_seconds": 300} if sys.argv[1:] else {}
        study.optimize(train, trials=20, workers=2, executor=client.get_executor(pure=False), **limits)
"""


@pytest.mark.parametrize("limits", [[], ["limits"]], ids=["plain", "fenced"])
def test_ctrl_c_in_a_terminal_lets_a_local_clusters_tasks_finish(tmp_path: Path, limits: list[str]) -> None:
    (tmp_path / "line.py").write_text(LINE, encoding="utf-8")
    search = subprocess.Popen(
        [sys.executable, "line.py", *limits], cwd=tmp_path, start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    assert search.stderr is not None
    try:
        while len(list(tmp_path.glob("begun-*"))) < 2:
            assert search.poll() is None
            time.sleep(0.05)
        os.killpg(search.pid, signal.SIGINT)  # as a terminal sends it: to all processes of the job
        while "interrupted" not in search.stderr.readline():
            assert search.poll() is None
        (tmp_path / "go").touch()
        search.communicate(timeout=120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(search.pid, signal.SIGKILL)

    history = tw.Study.load(f"sqlite:///{tmp_path / 'runs.db'}").history
    assert search.returncode == 0
    assert (history.completed, history.failed) == (2, 0)
    assert history.open_tasks == []


def test_a_client_is_no_executor_and_the_mend_is_named(client: Any, tmp_path: Path) -> None:
    with pytest.raises(
        StudyError, match=r"no concurrent.futures.Future. For a Dask client write executor=client.get_executor\(pure=False\)"
    ):
        study_of(tmp_path).optimize(lambda live: live["x"], trials=2, workers=2, executor=client)
