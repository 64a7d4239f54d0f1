import math
import os
from typing import Any

import numpy as np
import pytest

from tunewright.errors import StudyError
from tunewright.execution.fence import Fence, cores


@pytest.mark.parametrize(
    ("asked", "isolation"),
    [
        ({"workers": 1}, "none"),
        ({"workers": 2}, "process"),
        ({"workers": 1, "seconds": 5}, "process"),
        ({"workers": 1, "memory": "1GB"}, "process"),
        ({"workers": 1, "overtime": True}, "process"),
        ({"workers": 1, "resources": {"gpu": [0]}}, "process"),
        ({"workers": 4, "isolation": "none"}, "none"),
        ({"workers": 4, "executor": True}, "none"),
        ({"workers": 4, "executor": True, "overtime": True}, "none"),
        ({"workers": 4, "executor": True, "seconds": 5}, "process"),
    ],
)
def test_processes_where_they_are_needed(asked, isolation):
    assert Fence.of(**asked).isolation == isolation


@pytest.mark.parametrize(
    ("text", "count"), [("2GB", 2e9), ("512MiB", 512 * 2**20), ("1.5 g", 1.5e9), ("300m", 3e8), (4096, 4096), ("1000", 1000)]
)
def test_memory_is_a_size(text, count):
    assert Fence.of(workers=1, memory=text).memory == count


def test_without_limits_everything_is_allowed():
    assert (Fence.of(workers=2).seconds, Fence.of(workers=2).memory) == (math.inf, math.inf)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"memory": "two"}, "a size such as"),
        ({"memory": "0GB"}, "a size such as"),
        ({"memory": -1}, "a size such as"),
        ({"seconds": 0}, "task_seconds"),
        ({"seconds": "60"}, "task_seconds"),
        ({"isolation": "thread"}, '"process" or "none"'),
        ({"isolation": "none", "seconds": 1}, 'task_seconds needs isolation="process"'),
        ({"isolation": "none", "overtime": True}, 'overtime needs isolation="process"'),
        ({"resources": {"tpu": [0]}}, '"gpu" only'),
        ({"resources": {"gpu": 2}}, "must list devices"),
        ({"resources": {"gpu": [0]}, "workers": 2}, "Repeat a device"),
        ({"resources": {"gpu": [-1]}}, "numbers or names"),
        ({"resources": {"gpu": [0]}, "executor": True}, "gives devices to its workers"),
    ],
)
def test_what_cannot_be_had_says_why(asked, says):
    with pytest.raises(StudyError) as raised:
        Fence.of(**{"workers": 1, **asked})

    assert says in str(raised.value)


def test_workers_share_the_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")

    environment = Fence.of(workers=cores()).environment(0)

    assert environment["OMP_NUM_THREADS"] == environment["LOKY_MAX_CPU_COUNT"] == "1"
    assert environment["MKL_NUM_THREADS"] == "7"  # the user's own word stands
    assert Fence.of(workers=1).environment(0)["OMP_NUM_THREADS"] == str(cores())
    assert environment["PATH"] == os.environ["PATH"]


def test_each_worker_sees_its_device(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    fence = Fence.of(workers=3, resources={"gpu": [0, 0, "GPU-8932f937"]})

    assert [fence.environment(slot)["CUDA_VISIBLE_DEVICES"] for slot in range(3)] == ["0", "0", "GPU-8932f937"]


def test_devices_count_among_those_that_a_cluster_gave(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")

    assert Fence.of(workers=2, resources={"gpu": [1, 0]}).devices == ("5", "3")
    with pytest.raises(StudyError, match="names device 2"):
        Fence.of(workers=1, resources={"gpu": [2]})


def test_a_process_that_sees_no_device_hands_none_out(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    with pytest.raises(StudyError, match="CUDA_VISIBLE_DEVICES gives this process 0"):
        Fence.of(workers=1, resources={"gpu": [0]})


def test_numbers_of_numpy_are_numbers(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    resources: Any = {"gpu": [np.int64(2)]}
    fence = Fence.of(workers=1, seconds=np.int64(3), memory=np.int64(4096), resources=resources)

    assert (fence.seconds, fence.memory, fence.devices) == (3.0, 4096.0, ("2",))
    assert {type(fence.seconds), type(fence.memory)} == {float}
