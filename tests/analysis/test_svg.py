import itertools
import re
import xml.etree.ElementTree as ET

from tunewright.analysis.scale import Bands, Linear
from tunewright.analysis.svg import Frame, strip

NAMES = "abcdefghij"


def frame(**options: str) -> Frame:
    return Frame(200, 100, Linear(0, 10), Linear(0, 1), title="A <chart>", description='of "things"', **options)


def paths(svg: str, kind: str) -> str:
    return " ".join(path.attrib["d"] for path in ET.fromstring(svg).iter("path") if kind in path.attrib["class"])


def test_a_chart_says_what_it_is() -> None:
    svg = ET.fromstring(frame(x_label="x & y").render())

    assert svg.attrib["role"] == "img"
    assert (svg.findtext("title"), svg.findtext("desc")) == ("A <chart>", 'of "things"')
    assert "x & y" in [text.text for text in svg.iter("text")]


def test_points_stand_where_their_values_are_and_are_drawn_once() -> None:
    chart = frame()
    chart.dots([(0, 0), (10, 1), (10, 1)], "trial")
    moves = re.findall(r"M([\d.]+) ([\d.]+)h0", paths(chart.render(), "trial"))
    (x0, y0), (x1, y1) = ((float(x), float(y)) for x, y in moves)

    assert len(moves) == 2
    assert (x0 < 40, x1 > 180) == (True, True)
    assert (y1 < 20, y0 > 70) == (True, True)


def test_what_lies_outside_is_drawn_at_the_edge_inside_the_picture() -> None:
    chart = frame()
    chart.dots([(-1e308, 1e308)], "trial")
    chart.edge([5], "bottom", "beyond")
    chart.edge([0.5], "right", "beyond")
    svg = chart.render()
    numbers = [float(number) for number in re.findall(r"M(-?[\d.]+) (-?[\d.]+)", paths(svg, "trial") + paths(svg, "beyond"))[0]]

    assert 0 <= numbers[0] <= 200
    assert 0 <= numbers[1] <= 100


def test_a_step_line_keeps_its_value_until_the_next_one() -> None:
    chart = frame()
    chart.steps([(0, 1), (5, 0)], "best", until=10)
    chart.steps([], "none", until=10)

    assert re.fullmatch(r"M[\d. ]+H[\d.]+V[\d.]+H[\d.]+", paths(chart.render(), "best"))


def test_marks_with_nothing_to_mark_leave_no_trace() -> None:
    chart, empty = frame(), frame()
    chart.dots([], "trial")
    chart.line([(0, 0)], "trial")
    chart.bars([], "trial")
    chart.floor([], "trial")
    chart.levels([], "trial")
    chart.edge([], "top", "trial")

    assert chart.render() == empty.render()


def test_every_mark_is_drawn() -> None:
    chart = frame()
    chart.line([(0, 0), (10, 1)], "a")
    chart.bars([(5, 0.2, 0.8)], "b")
    chart.floor([3], "c")
    chart.levels([(5, 0.5)], "d")
    chart.ring(5, 0.5, "e", tip="<here>")
    svg = chart.render()

    assert all(paths(svg, f"line {kind}") for kind in "abcd")
    assert [circle.findtext("title") for circle in ET.fromstring(svg).iter("circle")] == ["<here>"]


def test_tick_labels_do_not_run_into_each_other() -> None:
    chart = Frame(200, 100, Bands([f"a long category {name}" for name in NAMES]), Linear(0, 1), title="", description="")
    texts = [
        (float(text.attrib["x"]), text.text or "")
        for text in ET.fromstring(chart.render()).iter("text")
        if text.attrib["text-anchor"] == "middle"
    ]
    ends = [(x - 3 * len(text), x + 3 * len(text)) for x, text in texts]

    assert all(first[1] < second[0] for first, second in itertools.pairwise(ends))


def test_long_category_names_are_cut_on_the_upright_axis() -> None:
    chart = Frame(200, 100, Linear(0, 1), Bands(["x" * 500]), title="", description="")

    assert all(len(text.text or "") < 30 for text in ET.fromstring(chart.render()).iter("text"))


def test_a_strip_is_a_line_of_a_table() -> None:
    svg = strip(Linear(0, 1), dots=[0.2, 5.0], middle=0.5, span=(0.1, 0.9), kind="winner", label='"mean" 0.5')

    assert ET.fromstring(svg).attrib["aria-label"] == '"mean" 0.5'
    assert all(paths(svg, f"{mark} winner") for mark in ("span", "dots", "middle"))
    assert float(re.findall(r"M([\d.]+)", paths(svg, "dots"))[1]) <= 150
