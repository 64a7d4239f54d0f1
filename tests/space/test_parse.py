import pytest

from tunewright.errors import SpaceError
from tunewright.space import parse


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("opt == 'sgd' and depth > 3", 'opt == "sgd" and depth > 3'),
        ("(opt == 'sgd') & (depth > 3) | ~flag", 'opt == "sgd" and depth > 3 or not flag'),
        ("1 < x <= 5", "1 < x and x <= 5"),
        ("svm.kernel in ('rbf', 'poly')", 'svm.kernel in ["rbf", "poly"]'),
        ("kernel not in ['rbf']", 'not kernel in ["rbf"]'),
        ("kernel.isin(['rbf'])", 'kernel in ["rbf"]'),
        ("svm.kernel.isin(['rbf'])", 'svm.kernel in ["rbf"]'),
        ("param('max depth') == None", 'param("max depth") == null'),
        ("a == True or a == false", "a == true or a == false"),
        ("a == [1, {'k': -0.5}]", 'a == [1, {"k": -0.5}]'),
        ("-a < -1", "0 - a < -1"),
        ("-(a + b) < 1", "0 - (a + b) < 1"),
        ("a\n and b", "a and b"),
        ("not a and b", "not a and b"),
        ("  a == -0.0 ", "a == -0.0"),
    ],
)
def test_what_people_write_is_read(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical
    assert str(parse(canonical)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a =",
        "a = 1",
        "a == 1 && b == 2",
        "__import__('os').system('true')",
        "a.b()",
        "(a == 1).b",
        "a[0] == 1",
        "lambda: 1",
        "a if b else c",
        "a ** 2 > 1",
        "a % 2 == 0",
        "a is None",
        "a in b",
        "a == b'x'",
        "a == 1j",
        "a == {1: 2}",
        "a == {**b}",
        "f'{a}' == 'x'",
        "a == ...",
        "param(x) == 1",
        "param() == 1",
        "a == 1; b",
        "a == 1 & b == 2",
        "\x00",
        "(" * 300 + "a" + ")" * 300,
        "not " * 5000 + "a",
        "a" + " + 1" * 5000 + " > 0",
        "a == 1" + "0" * 5000,
    ],
)
def test_what_is_no_condition_is_refused_and_never_run(text: str) -> None:
    with pytest.raises(SpaceError):
        parse(text)


def test_the_message_shows_the_place_and_the_mend() -> None:
    with pytest.raises(SpaceError, match=r"Cannot read 'a % 2' in 'a % 2 == 0': a condition is made of"):
        parse("a % 2 == 0")
    with pytest.raises(SpaceError, match=r"and, or, not, \+ - \* /\.$"):
        parse("a ** 2 < 3")
    with pytest.raises(SpaceError, match=r"Write and, or, not"):
        parse("a == 1 && b == 2")
    with pytest.raises(SpaceError, match=r"is text or an expression"):
        parse(3)
