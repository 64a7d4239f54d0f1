import multiprocessing
import subprocess
import sys

import pytest

from tunewright.errors import StudyError
from tunewright.execution.fence import Fence
from tunewright.execution.parcel import pack
from tunewright.execution.sandbox import Sandbox, Work
from tunewright.execution.script import Script, adopt, script

SEARCH = """
import math, multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import tunewright as tw

print("run as", __name__)

class Point:
    def __init__(self, x):
        self.x = x

def square(point):
    return Point(point.x**2)

def objective(live):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(sys.argv[1])) as pool:
        return pool.submit(square, Point(live["x"])).result(60).x

def with_a_module(live):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(sys.argv[1])) as pool:
        return pool.submit(math.sqrt, 4.0).result(60)

def search(objective):
    study = tw.Study({"x": tw.Float(0, 1)}, sampler=tw.samplers.Random())
    study.optimize(objective, trials=2, isolation="process")
    print(study.history.completed, [failure.message for _, failure in study.history.failures])

"""


def said(*arguments, cwd):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, check=False, cwd=cwd, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("start", [["search.py"], ["-m", "search"], ["-m", "package.search"]], ids=" ".join)
def test_processes_that_an_objective_spawns_find_the_functions_of_its_script(start, method, tmp_path):
    (tmp_path / "package").mkdir()
    for path in (tmp_path / "search.py", tmp_path / "package" / "search.py"):
        path.write_text(SEARCH + "if __name__ == '__main__':\n    search(objective)\n", encoding="utf-8")

    lines = said(*start, method, cwd=tmp_path).splitlines()

    assert lines.count("2 []") == 1
    assert lines.count("run as __main__") == 1
    assert set(lines) <= {"2 []", "run as __main__", "run as __mp_main__"}


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_script_without_a_guard_is_not_run_again(method, tmp_path):
    (tmp_path / "search.py").write_text(SEARCH.replace("__name__", "'once'") + "search(with_a_module)\n", encoding="utf-8")

    assert said("search.py", method, cwd=tmp_path) == "run as once\n2 []\n"


def test_what_is_typed_in_has_no_script(tmp_path):
    assert said("-c", SEARCH + "search(with_a_module)", "spawn", cwd=tmp_path) == "run as __main__\n2 []\n"


def test_a_search_in_a_spawned_process_that_only_looks_for_functions_is_refused(monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    sandbox = Sandbox(Work(pack(abs), ("loss",), None), Fence())

    with pytest.raises(StudyError, match='if __name__ == "__main__":'):
        sandbox.start()


def test_a_worker_takes_over_where_the_script_is(monkeypatch, tmp_path):
    main = type(sys)("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert script() == Script()
    path = tmp_path / "search.py"
    main.__file__ = str(path)
    assert script() == Script()  # there is no such file
    path.write_text("if __name__ == '__main__': pass", encoding="utf-8")

    assert script() == Script(None, str(path))
    adopt(Script("package.search", str(path)))
    assert script() == Script("package.search", str(path))


def test_a_worker_without_a_script_stays_as_it_is(monkeypatch):
    main = type(sys)("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)

    adopt(Script())

    assert not hasattr(main, "__file__")
    assert script() == Script()
