from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from tunewright.analysis.markup import Markup, compact, escape, join, tag

TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters=TURNS)))
def test_whatever_the_text_it_comes_back_as_text_and_as_attribute(text: str) -> None:
    seen = read(tag("p", text, title=text))

    assert seen.tags == [("p", {"title": text})]
    assert seen.text == text


@given(st.text(st.characters()))
def test_even_text_that_html_forbids_can_be_written_to_a_file(text: str) -> None:
    page = tag("p", text)

    assert page.encode("utf-8").startswith(b"<p>")
    assert "\x00" not in page


def test_marks_that_turn_the_direction_of_text_are_shown_and_not_obeyed() -> None:
    assert tag("p", *TURNS, "א", title=TURNS) == f'<p title="{chr(0xFFFD) * 9}">{chr(0xFFFD) * 9}א</p>'


def test_markup_is_not_escaped_twice() -> None:
    inside = tag("b", "a < b")

    assert inside == "<b>a &lt; b</b>"
    assert tag("p", inside, " & more") == "<p><b>a &lt; b</b> &amp; more</p>"
    assert escape(Markup("<br>")) == "<br>"


def test_attributes_take_python_names() -> None:
    assert tag("td", "x", class_="number", aria_label='"q"', colspan=2, title=None) == (
        '<td class="number" aria-label="&quot;q&quot;" colspan="2">x</td>'
    )


def test_void_and_empty_elements_are_closed_as_html_and_svg_want_it() -> None:
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'
    assert tag("path", d="M0 0") == '<path d="M0 0"/>'
    assert tag("td", "") == "<td></td>"


def test_coordinates_are_short() -> None:
    assert [compact(x) for x in (12.0, 12.34, -0.01, 0.05, -3.5)] == ["12", "12.3", "0", "0.1", "-3.5"]


def test_parts_are_joined_and_none_is_left_out() -> None:
    assert join(["a<", None, Markup("<b>")], " & ") == "a&lt; &amp; <b>"
