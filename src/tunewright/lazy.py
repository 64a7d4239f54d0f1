"""Faces of packages whose names load when they are first used.

A face is a table of contents: module -> names. Importing it imports none of them, so that nobody waits for a library that only a
neighbour needs. A type stub beside each face tells the type checker what stands there.
"""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence

__all__ = ["face"]


def face(package: str, contents: Mapping[str, Sequence[str]]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package.

    Args:
        package: its `__name__`.
        contents: for each module of it, the names that it holds; a module that holds its own name is shown itself.
    """
    homes = {name: module for module, names in contents.items() for name in names}

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{homes[name]}")
        value: object = module if homes[name] == name and not hasattr(module, name) else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        """What stands in the table, and Python's own; not what the package is made of."""
        return sorted({*homes, *(name for name in vars(sys.modules[package]) if name.startswith("__"))})

    return get, names
