import importlib
import importlib.util
import os
import signal
import time

import pytest

import tunewright as tw
from tunewright.errors import ExtraMissing, StudyError
from tunewright.execution.ray import RayExecutor
from tunewright.samplers import Random
from tunewright.schedulers import ASHA

THERE = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not THERE, reason="ray is not installed: pip install '.[ray]'")


@pytest.fixture(scope="module")
def cluster():
    """Ray with two worker processes on this machine."""
    ray = importlib.import_module("ray")
    ray.init(
        _node_ip_address="127.0.0.1", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100_000_000
    )
    yield ray
    ray.shutdown()


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_study_runs_on_ray_and_outlives_the_death_of_a_worker(cluster, tmp_path):
    def objective(live):
        if live.trial == 1 and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"loss": live["x"], "pid": os.getpid()}

    study = tw.Study({"x": tw.Float(0.0, 1.0)}, tw.Metric("loss"), sampler=Random())
    study.optimize(objective, trials=6, workers=2, executor=RayExecutor(num_cpus=1))

    assert (study.history.completed, study.history.failed) == (6, 0)
    assert os.getpid() not in {trial.measurements[0].info["pid"] for trial in study.history.trials}


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_ray_gives_up_is_retried_by_us_and_what_is_shut_down_is_refused(cluster):
    def objective(live):
        if live.trial == 1 and live.attempt == 1:
            os._exit(1)
        return live["x"]

    study = tw.Study({"x": tw.Float(0.0, 1.0)}, tw.Metric("loss"), sampler=Random())
    executor = RayExecutor(max_retries=0)
    study.optimize(objective, trials=3, executor=executor, retries=1)
    executor.shutdown()

    assert (study.history.completed, study.history.lost(1)) == (3, 1)
    with pytest.raises(StudyError, match="shut down"):
        study.optimize(objective, more=1, executor=executor)


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_stops_tasks_of_ray_in_the_middle_and_a_death_loses_no_report(cluster, tmp_path):
    study = tw.Study({"x": tw.Float(0.0, 1.0)}, tw.Metric("loss"), sampler=Random(), scheduler=ASHA(1, 9, resume=False), seed=0)

    def objective(live):
        try:
            for step in range(1, live.budget + 1):
                time.sleep(0.2)
                live.report(step, loss=live["x"])
                if live.trial == 1 and not (tmp_path / "killed").exists():
                    (tmp_path / "killed").touch()
                    os.kill(os.getpid(), signal.SIGKILL)
        except tw.Stopped:
            (tmp_path / f"cleaned-{live.trial}").touch()
            raise
        return live["x"]

    study.optimize(objective, trials=8, workers=2, executor=RayExecutor(num_cpus=1))

    history = study.history
    reached = [int(trial.measurements[0].budget) for trial in history.trials]
    stopped = [number for number, budget in enumerate(reached) if budget < 9]
    assert stopped
    assert history.completed == 8
    assert {path.name for path in tmp_path.glob("cleaned-*")} == {f"cleaned-{number}" for number in stopped}
    curves = [[report.step for report in history.curve(number)] for number in range(8)]
    assert curves == [[1] * (number == 1) + list(range(1, budget + 1)) for number, budget in enumerate(reached)]


@pytest.mark.skipif(THERE, reason="ray is installed")
def test_without_ray_it_says_how_to_get_it():
    with pytest.raises(ExtraMissing, match='pip install "ray'):
        RayExecutor()
