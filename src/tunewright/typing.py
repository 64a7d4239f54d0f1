"""The few type names that the whole house uses."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Indices", "Mask", "Params", "Value"]

Value: TypeAlias = Any
"""What a parameter may hold: any JSON value. A union of them would make everyone who computes with a value cast it first."""

Params: TypeAlias = dict[str, Value]
"""One configuration: the active parameters by name, in the order of the space. Inactive parameters are absent."""

Indices: TypeAlias = NDArray[np.intp]
"""Places in an array."""

Mask: TypeAlias = NDArray[np.bool_]
"""Which places of an array."""

Array: TypeAlias = NDArray[np.float64]
"""Numbers. Shapes are given in words where it is used."""
