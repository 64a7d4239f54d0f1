"""Which parameter must be decided before which.

A condition reads other parameters, so these are decided first. The order found is the user's own wherever conditions allow it.
"""

from collections.abc import Iterable, Mapping

from tunewright.errors import SpaceError
from tunewright.space.values import show

__all__ = ["decision_order"]


def decision_order(names: Iterable[str], parents: Mapping[str, frozenset[str]]) -> list[str]:
    """Sort names so that each stands behind its parents.

    Raises:
        SpaceError: the conditions run in a circle; the message draws it.
    """
    order: dict[str, None] = {}
    for name in names:
        path: list[tuple[str, list[str]]] = [(name, sorted(parents.get(name, ())))]
        open_names = {name: None}
        while path and name not in order:
            current, waiting = path[-1]
            following = next((parent for parent in waiting if parent not in order), None)
            if following is None:
                order[current] = None
                open_names.pop(current)
                path.pop()
            elif following in open_names:
                chain = [*open_names][[*open_names].index(following) :]
                circle = " -> ".join(map(show, [*chain, following]))
                mend = "A parameter cannot decide on itself." if len(chain) == 1 else "Drop one of these conditions."
                raise SpaceError(f"Circular conditions: {circle} (each is active depending on the next). {mend}")
            else:
                open_names[following] = None
                path.append((following, sorted(parents.get(following, ()))))
    return list(order)
