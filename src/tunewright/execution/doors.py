"""At which address a coordinator listens for the tasks of an executor.

It is the one by which this machine reaches the executor's scheduler, so that it listens on no network but the cluster's; for processes of this
machine, and whatever is not known, the loopback. `TUNEWRIGHT_LISTEN` says otherwise.
"""

import contextlib
import errno
import ipaddress
import os
import socket
from concurrent.futures import Executor
from typing import Any, Final
from urllib.parse import urlsplit

from tunewright.errors import StudyError
from tunewright.execution.ray import RayExecutor

__all__ = ["listener_for"]

_VARIABLE: Final = "TUNEWRIGHT_LISTEN"
_LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 512


def listener_for(executor: Executor) -> tuple[socket.socket, tuple[tuple[str, int], ...]]:
    """A socket that listens, and the addresses by which the executor's tasks reach it: host and port.

    Raises:
        StudyError: what TUNEWRIGHT_LISTEN says cannot be used.
        OSError: the address that was found cannot be listened at.
    """
    given = os.environ.get(_VARIABLE, "").strip()
    if given:
        return _as_told(given)
    host = _host_for(executor)
    listener = _bound(host, 0)
    return listener, ((host, listener.getsockname()[1]),)


def _as_told(given: str) -> tuple[socket.socket, tuple[tuple[str, int], ...]]:
    """Raises StudyError: it cannot be used."""
    said = f"{_VARIABLE}={given!r} cannot be used"
    mend = 'Say by which address of this machine the workers reach it, as in "10.0.0.5" or "coordinator.example.com:8787".'
    host, port = _parsed(given, f"{said}: it is no address. {mend}")
    if host in {"", "*"} or given.isdigit() or _is_wild(host):
        raise StudyError(f"{said}: it is no address that a worker could reach. {mend}")
    try:
        listener = _bound(host, port)
    except (OSError, UnicodeError) as error:  # the latter: a name that can be none
        elsewhere = isinstance(error, socket.gaierror) and port  # a name that the workers' network alone knows
        if not elsewhere and (not isinstance(error, OSError) or error.errno != errno.EADDRNOTAVAIL):
            raise StudyError(f"{said}: {getattr(error, 'strerror', None) or error}. {mend}") from error
        if not port:
            raise StudyError(
                f'{said}: it is no address of this machine. If it leads here all the same (a service, a forwarded port), say its port, too: "{host}:8787".'
            ) from error
        try:
            listener = _bound("", port)  # it leads here by way of another machine
        except OSError as taken:
            raise StudyError(f"{said}: {taken.strerror or taken}. {mend}") from taken
    return listener, ((host, listener.getsockname()[1]),)


def _is_wild(host: str) -> bool:
    """Whether it stands for all addresses, in one of its many spellings."""
    with contextlib.suppress(OSError, UnicodeError, ValueError):
        return any(
            ipaddress.ip_address(str(address[0]).partition("%")[0]).is_unspecified
            for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        )
    return False


def _parsed(given: str, complaint: str) -> tuple[str, int]:
    """Host and port (0: any). Raises StudyError."""
    if given.count(":") > 1 and not given.startswith("["):
        return given, 0  # an address of IPv6
    try:
        parts = urlsplit(f"//{given}")
        port = parts.port or 0
    except ValueError:
        raise StudyError(complaint) from None
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise StudyError(complaint)
    return parts.hostname or "", port


def _bound(host: str, port: int) -> socket.socket:
    """Raises OSError: none of the host's addresses can be listened at."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, address in found[:-1]:
        with contextlib.suppress(OSError):
            return socket.create_server(address, family=family, backlog=_BACKLOG)
    family, _, _, _, address = found[-1]
    return socket.create_server(address, family=family, backlog=_BACKLOG)


def _host_for(executor: Executor) -> str:
    """The address of this machine in the executor's network."""
    try:
        if isinstance(executor, RayExecutor):
            return executor.host
        scheduler = _scheduler_of(executor)
        return _LOOPBACK if scheduler is None else _here_towards(*scheduler)
    except Exception:  # noqa: BLE001  what other libraries say of themselves changes with their versions
        return _LOOPBACK


def _scheduler_of(executor: Any) -> tuple[str, int] | None:  # noqa: ANN401  Dask's own
    """Host and port of the Dask scheduler that this executor submits to; None: it is no such executor, or its scheduler is in this process."""
    if type(executor).__module__.partition(".")[0] != "distributed":
        return None
    address = urlsplit(executor._client.scheduler.address)  # noqa: SLF001  there is no other way to it
    return (address.hostname, address.port) if address.hostname and address.port else None


def _here_towards(host: str, port: int) -> str:
    """The address of this machine from which packets to that one would come; none is sent. Raises OSError."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        probe.connect(address)
        return str(probe.getsockname()[0])
