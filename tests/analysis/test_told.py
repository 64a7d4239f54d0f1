import re
from html import unescape

from tunewright.analysis.told import Row, Told, told_html


class Recipe(Told):
    def __init__(self, *lines: str) -> None:
        self._lines = lines

    @property
    def _told(self) -> tuple[str, ...]:
        return self._lines


def body(html: str) -> str:
    return html.partition("</style>")[2].removesuffix("</div>")


def test_a_result_prints_its_lines() -> None:
    found = Recipe("Bread", "  flour 500 g", Row("  salt     10 g", ("salt", "10 g")), "Bake it.")

    assert repr(found) == "Bread\n  flour 500 g\n  salt     10 g\nBake it."


def test_a_notebook_shows_a_title_a_list_a_table_and_sentences() -> None:
    found = Recipe(
        "Bread", "  flour", "    sifted", "Weigh:", Row("  salt  10 g", ("salt", "10 g"), ("what", "how much")),
        Row("  yeast  7 g", ("yeast", "7 g")), "Bake it.", "", "Eat it.",
    )  # fmt: skip

    assert body(found._repr_html_()) == (
        "<p><b>Bread</b></p><ul><li>flour</li><li>sifted</li></ul><p><b>Weigh:</b></p>"
        '<div class="scroll"><table class="shares"><thead><tr><th scope="col">what</th><th scope="col">how much</th></tr></thead><tbody>'
        '<tr><th scope="row">salt</th><td>10 g</td></tr><tr><th scope="row">yeast</th><td>7 g</td></tr></tbody></table></div>'
        "<p>Bake it.</p><p>Eat it.</p>"
    )


def test_a_sentence_above_a_list_is_no_title_and_a_table_needs_no_heads() -> None:
    html = body(told_html(["It is done.", Row("  a  1", ("a", "1"))]))

    assert "<b>" not in html
    assert "<thead>" not in html


def test_whatever_stands_in_a_line_is_shown_and_not_run() -> None:
    nasty = '<script>alert("&")</script>'

    html = told_html([nasty, f"  {nasty}", Row(nasty, (nasty, nasty), (nasty, nasty))])

    assert "<script" not in html
    assert unescape(re.sub("<[^>]*>", "", body(html))) == 6 * nasty
