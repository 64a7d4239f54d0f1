"""Results that hold one thing for each hyperparameter, and are asked for it by name, as a dictionary is."""

from abc import abstractmethod
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Generic, TypeVar

__all__ = ["ByName"]

_Each = TypeVar("_Each")


class ByName(Generic[_Each]):
    """What a dictionary offers to readers, except that it is never false and equals nothing by its entries alone."""

    __slots__ = ()

    @property
    @abstractmethod
    def _named(self) -> dict[str, _Each]: ...

    def __getitem__(self, name: str) -> _Each:
        """Of one hyperparameter. Raises KeyError, which lists those that there are."""
        named = self._named
        if name not in named:
            raise KeyError(
                f'There is nothing of "{name}" here; there is something of: {", ".join(named) or "no hyperparameter"}.'
            )
        return named[name]

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __bool__(self) -> bool:
        return True

    def keys(self) -> KeysView[str]:
        """The names, in the order of the entries."""
        return self._named.keys()

    def values(self) -> ValuesView[_Each]:
        """The entries."""
        return self._named.values()

    def items(self) -> ItemsView[str, _Each]:
        """Names with their entries."""
        return self._named.items()
