"""Spaces for known algorithms, as data.

from tunewright.catalog import Shape, build_space

space = build_space(Shape(rows=400, numbers=30, classes=2, smallest=150), ["linear", "svm", "forest"])
"""

from tunewright.catalog.compose import ENTRIES, labelled, settings, space_for
from tunewright.catalog.entries import SOURCES, Either, Entry
from tunewright.catalog.families import FAMILIES, Family
from tunewright.catalog.shape import Shape, SubSpace
from tunewright.catalog.spaces import Chosen, build_space, choose_families, default_params, resolve_families

__all__ = [
    "ENTRIES",
    "FAMILIES",
    "SOURCES",
    "Chosen",
    "Either",
    "Entry",
    "Family",
    "Shape",
    "SubSpace",
    "build_space",
    "choose_families",
    "default_params",
    "labelled",
    "resolve_families",
    "settings",
    "space_for",
]
