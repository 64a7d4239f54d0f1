import socket
from concurrent.futures import Executor, ProcessPoolExecutor
from types import SimpleNamespace

import pytest

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.execution.doors import listener_for


@pytest.fixture(autouse=True)
def unsaid(monkeypatch):
    monkeypatch.delenv("TUNEWRIGHT_LISTEN", raising=False)


def reached(listener, addresses):
    """Each address leads to the listener."""
    with listener:
        for address in addresses:
            socket.create_connection(address, timeout=10).close()
            listener.accept()[0].close()
    return addresses


def test_processes_of_this_machine_and_unknown_executors_get_the_loopback():
    with ProcessPoolExecutor(1) as pool:
        for executor in (pool, Executor()):
            listener, addresses = listener_for(executor)

            assert listener.getsockname()[0] == "127.0.0.1"
            assert [host for host, _ in reached(listener, addresses)] == ["127.0.0.1"]


def test_a_dask_executor_gets_the_address_by_which_its_scheduler_is_reached():
    distributed = pytest.importorskip("distributed")
    executor = object.__new__(distributed.cfexecutor.ClientExecutor)
    executor._finalizer = SimpleNamespace(alive=False)
    for address, host in (
        ("tcp://127.0.0.1:8786", "127.0.0.1"),
        ("tls://127.0.0.2:8786", "127.0.0.1"),
        ("inproc://10.0.0.1/123/1", "127.0.0.1"),
        ("something else", "127.0.0.1"),
    ):
        executor._client = SimpleNamespace(scheduler=SimpleNamespace(address=address))
        listener, addresses = listener_for(executor)
        assert [found for found, _ in reached(listener, addresses)] == [host]


def test_the_variable_says_where_to_listen_and_what_to_announce(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for given, host in (("127.0.0.2", "127.0.0.2"), ("localhost", "localhost"), (f"127.0.0.1:{port}", "127.0.0.1")):
        monkeypatch.setenv("TUNEWRIGHT_LISTEN", given)
        listener, addresses = listener_for(Executor())

        ((announced, at),) = reached(listener, addresses)
        assert announced == host
        assert ":" not in given or at == port


def test_an_address_of_ipv6_may_stand_with_and_without_a_port(monkeypatch):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    for given in ("::1", "[::1]:0", "[::1]"):
        monkeypatch.setenv("TUNEWRIGHT_LISTEN", given)

        assert reached(*listener_for(Executor()))[0][0] == "::1"


def test_a_name_of_another_machine_with_a_port_is_announced_and_all_addresses_are_listened_at(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("TUNEWRIGHT_LISTEN", f"198.51.100.77:{port}")  # RFC 5737: no machine's

    listener, addresses = listener_for(Executor())

    assert addresses == (("198.51.100.77", port),)
    reached(listener, [("127.0.0.1", port)])


def test_a_name_that_the_workers_alone_know_is_announced_with_its_port(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("TUNEWRIGHT_LISTEN", f"tuner.default.invalid:{port}")  # RFC 2606: nobody's

    listener, addresses = listener_for(Executor())

    assert addresses == (("tuner.default.invalid", port),)
    reached(listener, [("127.0.0.1", port)])


@pytest.mark.parametrize(
    "given",
    ["198.51.100.77", "0.0.0.0", "0.0.0.0:80", ":8787", "::", "host:port", "127.0.0.1:99999", "tcp://127.0.0.1:80", "a b", "a..b", "u@host", "no-such-host.invalid", "0", "00.0.0.0:80", "[::0]:99", "8787"],
)  # fmt: skip
def test_what_cannot_be_used_is_one_clear_error_before_anything_begins(given, monkeypatch):
    monkeypatch.setenv("TUNEWRIGHT_LISTEN", given)
    study = tw.Study({"x": tw.Float(0, 1)})

    with ProcessPoolExecutor(1) as pool, pytest.raises(StudyError, match=r"TUNEWRIGHT_LISTEN=.* cannot be used: ") as raised:
        study.optimize(lambda live: live["x"], trials=1, executor=pool)

    assert given in str(raised.value)
    assert len(study.history) == 0


def test_a_port_that_is_taken_is_an_error_that_says_so(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("TUNEWRIGHT_LISTEN", f"127.0.0.1:{taken.getsockname()[1]}")

        with pytest.raises(StudyError, match=r"cannot be used: .*in use"):
            listener_for(Executor())
