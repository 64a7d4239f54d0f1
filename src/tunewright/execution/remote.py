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
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from tunewright.errors import ExtraMissing, StudyError
from tunewright.execution.checkpoints import NO_MARK, Mark, dispensable, newest
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
        self._borrowed: list[Path] = []

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

    def _whole(self, names: Iterable[str]) -> dict[int, float | None]:
        """The checkpoints that are whole by number, with their budgets where these are said."""
        present = set(names)
        numbers = [int(found[1]) for name in present if (found := _WHOLE.fullmatch(name))]
        return {number: self._budget(number) if f"checkpoint-{number}.budget" in present else None for number in numbers}

    def _budget(self, number: int) -> float | None:
        with contextlib.suppress(OSError, ValueError):
            return float(self._system.cat_file(f"{self._path}/checkpoint-{number}.budget"))
        return None

    def checkpoint(self, since: float | None = None) -> Path | None:
        """Fetch the newest checkpoint that is whole, of tasks with at most the budget `since`; None: there is none. When the store fails, the
        twin goes.
        """
        with self._or_gone():
            names = self._names()
            number = newest(self._whole(names), since)
            if number is None:
                return None
            folder = f"checkpoint-{number}"
            (self.local / folder).mkdir()
            self._fetch(name for name in names if name.startswith(f"{folder}/") or name == f"{folder}.steps")
            return self.local / folder

    @contextlib.contextmanager
    def _or_gone(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._remove()
            raise

    def borrow(self, remote: Remote, since: float | None) -> Path | None:
        """Fetch another folder's checkpoint, as `checkpoint` does; it is gone when this mirror is closed."""
        other = Mirror(remote)
        self._borrowed.append(other.local)
        with self._or_gone():
            return other.checkpoint(since)

    def push(self, folder: Path, mark: Mark = NO_MARK) -> None:
        """Make a complete checkpoint of the twin the checkpoint; those before go that the mark does not keep."""
        names = [name for name in self._names() if name.split("/")[0].split(".")[0] != folder.name]
        whole = self._whole(names)
        kept = {f"checkpoint-{number}" for number in whole.keys() - set(dispensable(whole, mark))}
        before = [name for name in names if name.startswith("checkpoint-") and name.split("/")[0].split(".")[0] not in kept]
        said = [folder.with_name(f"{folder.name}.{about}") for about in ("steps", "budget")]
        self._put([*_files(folder), *(each for each in said if each.exists())])
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
        self._remove()

    def _remove(self) -> None:
        for folder in (self.local, *self._borrowed):
            shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
