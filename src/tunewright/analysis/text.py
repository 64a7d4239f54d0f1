"""Numbers, times and values as plain text for people.

A measured value is written with as many digits as its spread allows: two significant digits of the spread, and the value to the
same decimal. So are a value and the ends of its interval, by two significant digits of the interval's width. Very large and very small numbers get a power of ten instead of a row of zeros.
"""

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Final

import msgspec

from tunewright.typing import Params, Value

__all__ = [
    "choice_labels",
    "counted",
    "cut",
    "duration",
    "evenly",
    "interval",
    "labels",
    "number",
    "params_line",
    "params_text",
    "power",
    "r2_text",
    "read_alike",
    "shift",
    "thousandths",
    "took_heading",
    "value_text",
    "with_spread",
]

_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN: Final = (-4, 6)  # powers of ten written without exponent
_DECIMALS: Final = 8  # of a spread, beyond which a power of ten says it better
_FOUR: Final = 4
_NINES: Final = 8
"""A number that is nearer to 1 than so many digits show reads as 1."""
_ROUNDING: Final = 1e-12  # half the width of an interval, of its ends, below which it is that of rounding


def power(exponent: int) -> str:
    """Ten to this power: 10⁻⁵."""
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def shift(x: float, exponent: int) -> float:
    """The quotient x / 10**exponent, without overflow on the way."""
    half = exponent // 2
    return x / 10.0**half / 10.0 ** (exponent - half)


def _exponent(x: float) -> int:
    return math.floor(math.log10(abs(x))) if x and math.isfinite(x) else 0


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def number(x: float, digits: int = 4) -> str:
    """A number to so many significant digits: 0.9952, 12,340, 1.2×10⁻⁷, and "–" for NaN; of four or more, where it would else read as 1, to the second
    that is no 9: 0.9999898 is an accuracy that errs, and 1 is one that does not.
    """
    if math.isnan(x):
        return "–"
    if math.isinf(x):
        return "∞" if x > 0 else "\N{MINUS SIGN}∞"
    exponent = _exponent(x)
    if digits >= _FOUR and abs(x) < 1 == round(abs(x), digits):
        digits = max(digits, min(1 - _exponent(1 - abs(x)), _NINES))
    if not x or _PLAIN[0] <= exponent < _PLAIN[1]:
        return _minus(f"{round(x):,}" if exponent >= digits - 1 else f"{x or 0.0:.{digits}g}")
    mantissa, _, rounded = f"{x:.{digits - 1}e}".partition("e")  # rounding may carry: 9.9999 is 1 of the next power
    return _minus(f"{float(mantissa):.{digits}g}×") + power(int(rounded))


def r2_text(r2: float, least: float = 0.3) -> str:
    """A cross-validated R² to two digits; with as many as it takes where it would else read as `least`, from which on a model predicts."""
    digits = 2
    while 0.1 < r2 < least and digits < 17 and round(r2, digits) >= least:
        digits += 1
    return number(r2, digits)


def evenly(value: float, low: float, high: float) -> tuple[str, str, str]:
    """A value and the ends of its interval, with the same number of decimals: "0.972", "0.958", "0.981".

    They are as many as show two significant digits of the interval's width, and one more where an end that is not 0 would else read as 0.
    Where there is no width, or none that is known, each has four significant digits.
    """
    each = (value, low, high)
    largest = max(map(abs, each))
    if not all(map(math.isfinite, each)) or high / 2 - low / 2 <= largest * _ROUNDING:
        return number(value), number(low), number(high)
    exponent = _exponent(largest)
    scaled = not _PLAIN[0] <= exponent < _PLAIN[1]
    if scaled:
        value, low, high = (shift(x, exponent) for x in each)
    decimals = max(0, 1 - _exponent(high - low))
    unit = 10.0**-decimals
    decimals += any(unit / 20 < abs(end) < unit / 2 for end in (low, high))
    shown = (_minus(f"{x:z,.{decimals}f}") + (f"×{power(exponent)}" if scaled else "") for x in (value, low, high))
    return next(shown), next(shown), next(shown)


def interval(value: float, low: float, high: float) -> tuple[str, str]:
    """A value and its bounds, printed `evenly`: "0.972" and "0.958 to 0.981"."""
    shown, *ends = evenly(value, low, high)
    return shown, " to ".join(ends)


def thousandths(x: float) -> str:
    """To three decimals: 0.250, −0.004; never −0.000."""
    return _minus(f"{x:z.3f}")


def with_spread(mean: float, sd: float) -> str:
    """The mean ± sd, both to the second significant digit of sd: 0.9952 ± 0.0031. A NaN sd is left out."""
    if not math.isfinite(sd) or not math.isfinite(mean):
        return number(mean)
    if sd <= abs(mean) * 1e-12:
        return f"{number(mean)} ± 0"
    exponent = max(_exponent(mean or sd), _exponent(sd))
    scaled = not _PLAIN[0] <= exponent < _PLAIN[1]
    if scaled:
        mean, sd = shift(mean, exponent), shift(sd, exponent)
    decimals = max(0, 1 - _exponent(sd))
    if decimals > _DECIMALS:
        return f"{number(mean)} ± {number(sd, 2)}"
    text = _minus(f"{mean:z,.{decimals}f} ± {sd:,.{decimals}f}")
    return f"({text})×{power(exponent)}" if scaled else text


def duration(seconds: float) -> str:
    """A time in the unit that fits: 0.31 s, 42 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for large, small, size, unit in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            rest = whole % size // unit
            return f"{whole // size:,} {large}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"


def took_heading(metrics: Iterable[str]) -> str:
    """What heads the column of how long each trial took beside metrics of these names."""
    return "took" if "time" in metrics else "time"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """The count with its noun: 1 trial, 1,000 trials."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def cut(text: str, length: int, *, middle: bool = False) -> str:
    """At most so many characters, with … where it was cut: at the end, or in the middle, for names that only differ at their ends."""
    if len(text) <= length:
        return text
    end = (length - 1) // 2 if middle else 0
    return text[: max(length - 1 - end, 1)].rstrip() + "…" + text[len(text) - end :]


def labels(texts: Sequence[str], length: int) -> list[str]:
    """Texts that stand beside each other, each at most so long: cut in the middle, or, where they would then read alike, with what
    the long ones all begin and end with left out.
    """
    short = [cut(text, length, middle=True) for text in texts]
    if len(set(short)) == len(set(texts)):
        return short
    long = [text for text in texts if len(text) > length]
    start = _alike(long)
    end = _alike([text[start:][::-1] for text in long])
    return [
        text if len(text) <= length else cut(f"…{text[start : len(text) - end]}{'…' if end else ''}", length, middle=True)
        for text in texts
    ]


def _alike(texts: Sequence[str]) -> int:
    """How many characters all begin with."""
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False)))


def value_text(value: Value, *, exact: bool = False) -> str:
    """A parameter's value: numbers to four digits, strings bare, the rest as JSON; `exact`: all as JSON (see `read_alike`)."""
    if exact:
        return msgspec.json.encode(value).decode()
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _minus(f"{value:,}" if abs(value) >= 10_000 else str(value))
    return msgspec.json.encode(value).decode()


def choice_labels(choices: Iterable[Value]) -> list[str]:
    """Values that stand beside each other as text: bare strings and short numbers where that is unambiguous, else JSON."""
    choices = list(choices)
    texts = [value_text(choice) for choice in choices]
    return texts if len(set(texts)) == len(texts) else [value_text(choice, exact=True) for choice in choices]


def read_alike(parameters: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the parameters of which two choices read alike, as 1, 1.0 and "1" do: their values are to be shown exactly."""
    texts = {name: [value_text(choice) for choice in getattr(each, "choices", ())] for name, each in parameters.items()}
    return tuple(name for name, each in texts.items() if len(set(each)) < len(each))


def params_text(params: Params, length: int = 60, exact: Container[str] = ()) -> list[tuple[str, str]]:
    """Names and values of a configuration, each value cut to `length` characters; those of parameters in `exact` as JSON."""
    return [(name, cut(value_text(value, exact=name in exact), length)) for name, value in params.items()]


def params_line(params: Params, exact: Container[str] = (), *, length: int = 40, most: int = 12) -> str:
    """A configuration in a line: lr 0.01, opt adam; of more than `most` parameters the first, and how many more there are."""
    shown = [f"{name} {value}" for name, value in params_text(dict(list(params.items())[:most]), length, exact)]
    return ", ".join([*shown, *([f"and {len(params) - most} more"] if len(params) > most else [])])
