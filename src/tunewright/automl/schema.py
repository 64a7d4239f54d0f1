"""What each column is, as data.

A schema is decided once, on the training rows, and kept beside the model. It holds reading rules (number styles, date formats, the
names of categories) and no statistics: nothing in it can carry information from a validation row into a model, since categories
become codes by name and what is learned from numbers is learned by the scikit-learn pipeline inside each fold.
"""

import msgspec

__all__ = ["Column", "Schema", "Target"]


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column and how it is read.

    Attributes:
        name: in the table.
        role: "number", "bool", "category", "date"; or one that is not used: "text", "constant", "identifier", "empty", "target",
            "groups", "order".
        sentence: what was done and why; empty for a column used as it is.
        missing: share of missing values in the training rows.
        style: of numbers, see `values.NUMBER_STYLES`.
        form: of dates, see `values.DATE_FORMATS`.
        parts: of dates, those that vary: "year", "month", "day", "weekday", "hour", "days".
        zone: of dates, whose clock the parts but "days" are read from: "UTC", or "as written" where some have an offset or the column a time zone.
        origin: of dates, the earliest in the training rows, seconds since 1970; "days" counts from it.
        levels: of categories and booleans, their labels in code order (0, 1, …). Any other label has the code len(levels).
    """

    name: str
    role: str
    sentence: str = ""
    missing: float = 0.0
    style: str = "plain"
    form: str = "ISO8601"
    parts: tuple[str, ...] = ()
    origin: float = 0.0
    zone: str = "UTC"
    levels: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """Names of what the models see of it."""
        if self.role == "date":
            return tuple(f"{self.name} ({part})" for part in self.parts)
        return (self.name,) if self.role in {"number", "bool", "category"} else ()


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The column to predict.

    Attributes:
        name: of the column.
        kind: "text", "integer", "number" or "bool": how predictions are written.
        classes: labels in the order of the codes; empty for regression.
        style: of numbers, for regression.
    """

    name: str
    kind: str
    classes: tuple[str, ...] = ()
    style: str = "plain"


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """All columns of a table, in its order.

    Attributes:
        columns: one record each, the target, groups and order columns included.
        target: what is predicted.
    """

    columns: tuple[Column, ...]
    target: Target

    @property
    def categories(self) -> tuple[Column, ...]:
        """Columns that become category codes: the first features."""
        return tuple(column for column in self.columns if column.role == "category")

    @property
    def numeric(self) -> tuple[Column, ...]:
        """Columns that become numbers: the features after the categories."""
        return tuple(column for column in self.columns if column.features and column.role != "category")

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the order of the prepared array."""
        return tuple(name for column in (*self.categories, *self.numeric) for name in column.features)
