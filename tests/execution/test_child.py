import os
import signal
import subprocess
import sys
from multiprocessing.connection import Pipe

import pytest

from tunewright.execution.parcel import pack
from tunewright.execution.script import Script
from tunewright.trial import Report, Task

CODE = "import sys; from multiprocessing.connection import Connection; from tunewright.execution.child import main; main(Connection(int(sys.argv[1])))"


@pytest.fixture
def child():
    """Starts the program of a worker process: objective -> its pipe."""
    started = []

    def child(objective):
        ours, theirs = Pipe()
        command = [sys.executable, "-c", CODE, str(theirs.fileno())]
        started.append((subprocess.Popen(command, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE), ours))
        theirs.close()
        ours.send((Script(), pack(objective), ("loss",), None, None))
        assert ours.recv() is None
        return ours

    yield child
    for process, pipe in started:
        pipe.close()
        assert process.wait(30) == 0  # it ends when the pipe does
        process.stdout.close()


def test_it_answers_task_after_task_and_passes_over_a_late_stop(child):
    def objective(live):
        signal.raise_signal(signal.SIGINT)  # Ctrl-C is not for it
        if live["x"] == 1:
            raise KeyboardInterrupt
        live.report(1, loss=0.5)
        return {"loss": live["x"], "pid": os.getpid()}

    pipe = child(objective)
    pipe.send("a stop that came when its task had ended")
    pipe.send(Task(0, 0, {"x": 0.5}))
    assert pipe.recv() == Report(1.0, {"loss": 0.5})
    first = pipe.recv()
    pipe.send(Task(1, 0, {"x": 1}))
    second = pipe.recv()

    assert first.values == {"loss": 0.5}
    assert first.info["pid"] != os.getpid()
    assert first.reports == ()
    assert second.failure.message == "KeyboardInterrupt"
