"""Spaces for known algorithms, as data.

from tunewright.catalog import Shape, build_space

space = build_space(Shape(rows=400, numbers=30, classes=2, smallest=150), ["linear", "svm", "forest"])
"""

from tunewright.catalog.families import FAMILIES, Family
from tunewright.catalog.shape import Shape, SubSpace
from tunewright.catalog.spaces import Chosen, build_space, choose_families, default_params, resolve_families

__all__ = [
    "FAMILIES",
    "Chosen",
    "Family",
    "Shape",
    "SubSpace",
    "build_space",
    "choose_families",
    "default_params",
    "resolve_families",
]
