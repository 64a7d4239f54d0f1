"""Files of trials in an object store, or wherever fsspec reaches.

An object store knows no rename, so a checkpoint is whole when a marker beside it says so: its files are uploaded first, then the empty
object `checkpoint-N.whole`, and then the one before is removed, marker first. Whoever dies in between leaves the checkpoint before.
The objective itself sees folders of this machine, which are gone when its task ends.
"""

import contextlib
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from tunewright.errors import ExtraMissing, StudyError
from tunewright.extras import require

__all__ = ["Mirror", "Remote"]

_WHOLE: Final = re.compile(r"checkpoint-(\d+)\.whole")


class Remote(NamedTuple):
    """A folder at an address of fsspec's, such as "s3://bucket/runs"."""

    url: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Check the address; nothing is made there yet.

        Raises:
            ExtraMissing: fsspec is not installed.
            StudyError: fsspec does not know this kind of address, or lacks a library for it.
        """
        try:
            _reach(url)
        except ExtraMissing:
            raise
        except (ImportError, ValueError) as error:
            raise StudyError(f'files="{url}": there is no way to that place: {error}') from error
        return cls(url.rstrip("/"))

    def __truediv__(self, name: str) -> "Remote":
        return Remote(f"{self.url}/{name}")


def _reach(url: str) -> tuple[Any, str]:
    """The file system, and the path in it."""
    require("fsspec", extra="fsspec")
    system, path = require("fsspec.core", extra="fsspec").url_to_fs(url)
    return system, str(path).rstrip("/")


class Mirror:
    """One task's folder at an address, and its twin on this machine.

    Args:
        remote: the folder.

    Attributes:
        local: the twin; `close` removes it.
    """

    def __init__(self, remote: Remote) -> None:
        self._system, self._path = _reach(remote.url)
        self.local = Path(tempfile.mkdtemp(prefix="tunewright-files-"))

    def _names(self) -> list[str]:
        """Of all files there, relative to the folder."""
        self._system.invalidate_cache()
        with contextlib.suppress(FileNotFoundError):
            return [str(name)[len(self._path) + 1 :] for name in self._system.find(self._path)]
        return []

    def _fetch(self, names: Iterable[str]) -> None:
        for name in names:
            target = self.local / name
            target.parent.mkdir(parents=True, exist_ok=True)
            self._system.get_file(f"{self._path}/{name}", str(target))

    def _put(self, paths: Iterable[Path]) -> None:
        for path in paths:
            target = f"{self._path}/{path.relative_to(self.local).as_posix()}"
            self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(path), target)

    def checkpoint(self) -> Path | None:
        """Fetch the newest checkpoint that is whole; None: there is none."""
        names = self._names()
        whole = [int(found[1]) for name in names if (found := _WHOLE.fullmatch(name))]
        if not whole:
            return None
        folder = f"checkpoint-{max(whole)}"
        (self.local / folder).mkdir()
        self._fetch(name for name in names if name.startswith(f"{folder}/") or name == f"{folder}.steps")
        return self.local / folder

    def push(self, folder: Path) -> None:
        """Make a complete checkpoint of the twin the checkpoint."""
        before = [
            name for name in self._names() if name.startswith("checkpoint-") and name.split("/")[0].split(".")[0] != folder.name
        ]
        counter = folder.with_name(f"{folder.name}.steps")
        self._put([*_files(folder), *([counter] if counter.exists() else [])])
        self._system.makedirs(self._path, exist_ok=True)
        self._system.pipe_file(f"{self._path}/{folder.name}.whole", b"")
        for name in sorted(before, key=lambda name: _WHOLE.fullmatch(name) is None):  # markers first
            with contextlib.suppress(FileNotFoundError):
                self._system.rm_file(f"{self._path}/{name}")

    def push_counter(self, counter: Path) -> None:
        """Say anew how many yields the checkpoint holds. A store that fails costs this number, not the result."""
        try:
            self._put([counter])
        except Exception as error:  # noqa: BLE001  every store fails in its own way
            warnings.warn(f"{counter.name} did not reach {self._path}: {type(error).__name__}: {error}", stacklevel=2)

    def fetch_others(self) -> None:
        """Fetch what is no checkpoint: what earlier tasks left in the folder."""
        self._fetch(name for name in self._names() if not name.startswith("checkpoint-"))

    def close(self) -> None:
        """Upload what is no checkpoint, and remove the twin. A store that fails costs these files, not the result."""
        try:
            self._put(
                path for path in _files(self.local) if not path.relative_to(self.local).parts[0].startswith((".", "checkpoint-"))
            )
        except Exception as error:  # noqa: BLE001  every store fails in its own way
            warnings.warn(f"The files of a trial did not reach {self._path}: {type(error).__name__}: {error}", stacklevel=2)
        shutil.rmtree(self.local, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
