from tunewright.space import Bool, Categorical, Float, Int, Normal, SearchSpace, param
from tunewright.space.table import html_rows

SPACE = SearchSpace(
    {
        "<lr>": Float(1e-5, 0.1, log=True, prior=Normal(1e-3, 0.1)),
        "drop": Float(0, 1, step=0.25),
        "depth": Int(1, 12),
        "opt": Categorical(["sgd", "<b>"]),
        "many": Categorical([*range(20)]),
        "flag": Bool(),
    },
    when={"depth": param("opt") == "<b>"},
    constraints=[param("<lr>") < param("drop")],
)


def test_repr_is_python_that_builds_the_space() -> None:
    assert eval(repr(SPACE)) == SPACE
    assert repr(SearchSpace({"x": Float(0, 1)})) == "SearchSpace(\n    {\n        'x': Float(0.0, 1.0),\n    },\n)"


def test_the_notebook_table_says_all_and_escapes_it() -> None:
    html = SPACE._repr_html_()

    for text in (
        "&lt;lr&gt;", "1e-05 to 0.1, logarithmic, likely near 0.001", "0.0 to 1.0, step 0.25", "1 to 12", "sgd&quot;, &quot;&lt;b&gt;",
        "20 in all", "false, true", "always", "opt == &quot;&lt;b&gt;&quot;", "&lt; drop",
    ):  # fmt: skip
        assert text in html
    assert "<b>" not in html
    assert html.count("<tr>") == 1 + len(SPACE)
    assert "constraints" not in SearchSpace({"x": Bool()})._repr_html_()


def test_rows_are_escaped() -> None:
    cell = '<{0} style="text-align:left">{1}</{0}>'.format

    assert html_rows(("<a>",), [("<b>",), ("&",)]) == (
        f"<table><thead><tr>{cell('th', '&lt;a&gt;')}</tr></thead>"
        f"<tbody><tr>{cell('td', '&lt;b&gt;')}</tr><tr>{cell('td', '&amp;')}</tr></tbody></table>"
    )
