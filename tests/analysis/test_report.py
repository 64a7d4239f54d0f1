"""The page as text, and, where a Chromium is installed, as a browser lays it out."""

import html
import itertools
import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from tunewright.analysis import Difference, ReportExtras, Rows, Score
from tunewright.analysis.insight import insight
from tunewright.analysis.report import report
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.schedulers import ASHA
from tunewright.space import Bool, Categorical, Choice, Float, Int, Ordinal, SearchSpace
from tunewright.study import Study
from tunewright.testing import Journal
from tunewright.trial import Failure

HistoryOf = Callable[..., History]
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (path := shutil.which(name))), None
)
EVIL = "</style></title><script>alert(1)</script>\"'&\x00\u202e"
VOID = {"br", "col", "hr", "link", "meta", "wbr"}
ONE = SearchSpace({"x": Float(-5, 5)})
TWO_METRICS = [Metric("accuracy", "maximize"), Metric("latency_ms")]
EXTRAS = ReportExtras(
    lead="diagnosis in breast_cancer.csv",
    facts=(("task", "classification"), ("data", "569 rows × 31 columns")),
    tables=(Rows("Model families", ("family", "#best"), (("forest", "0.99"), ("svm", "0.98"))),),
    test=(Score("tuned", 0.99, 0.98, 0.999), Score("default", 0.985, 0.97, 0.997), Score("baseline", 0.5, 0.5, 0.5)),
    test_note="114 rows",
    gain=Difference(0.005, -0.001, 0.01),
    notes=("Column id was left out.",),
    sampler="QuasiRandom",
    study="breast",
    url="sqlite:///runs.db",
    seed=0,
    commands=(("Predict:", "tunewright predict model.skops new.csv -o out.csv"),),
    environment=(("python", "3.11"),),
)


def automl(history_of: HistoryOf, count: int) -> History:
    """A conditional space with folds, failures, a default and training scores."""
    space = SearchSpace(
        {
            "model": Choice(
                {
                    "svm": {"C": Float(1e-3, 1e4, log=True), "kernel": Categorical(["rbf", "poly"])},
                    "forest": {"trees": Int(50, 1000, log=True), "leaf": Int(1, 20), "bootstrap": Bool()},
                },
                default="forest",
            ),
            "size": Ordinal([0.1, 0.5, 1.0]),
        }
    )
    rng = np.random.default_rng(0)
    trials: list[tuple[object, object]] = []
    for i in range(count):
        if i % 13 == 5:
            trials.append((space.sample(rng), Failure("exception", f"ValueError: NaN in row {i}", "Traceback …\nValueError")))
        else:
            quality = 0.98 - 0.05 * rng.random() ** 2
            trials.append((space.sample(rng) if i else space.default, [float(v) for v in quality + rng.normal(0, 0.004, 5)]))
    train = [[] if isinstance(result, Failure) else [v + 0.01 for v in result] for _, result in trials]  # type: ignore[attr-defined]
    return history_of(space, trials, metrics=Metric("roc_auc", "maximize"), notes={0: "default forest"}, train=train)


def values(history_of: HistoryOf, numbers: list[float], metric: Metric | None = None) -> History:
    return history_of(ONE, [({"x": i / 10}, value) for i, value in enumerate(numbers)], metrics=metric or Metric("loss"))


def evil(history_of: HistoryOf) -> History:
    space = SearchSpace(
        {EVIL: Categorical([EVIL, 1, "1", None, True]), "p" * 300: Float(0, 1)},
        when={"p" * 300: f"param({json.dumps(EVIL)}) == 1"},
    )
    rng = np.random.default_rng(0)
    trials = [(space.sample(rng), float(rng.normal())) for _ in range(20)]
    failed = Failure("exception", EVIL, EVIL * 50)
    return history_of(space, [*trials, (space.sample(rng), failed)], metrics=Metric(EVIL), notes={3: EVIL})


def wide(history_of: HistoryOf) -> History:
    space = SearchSpace({f"parameter_{i}": Float(0, 1) for i in range(100)})
    rng = np.random.default_rng(0)
    return history_of(space, [(space.sample(rng), float(rng.normal())) for _ in range(1000)])


def choices(history_of: HistoryOf) -> History:
    space = SearchSpace({"word": Categorical([f"a rather long choice number {i}" for i in range(1000)])})
    rng = np.random.default_rng(0)
    return history_of(space, [(space.sample(rng), float(rng.normal())) for _ in range(60)])


def several(history_of: HistoryOf) -> History:
    rng = np.random.default_rng(0)
    points = [(float(t + rng.normal(0, 0.1)), float(t**2 * 10)) for t in rng.uniform(0.1, 1, 40)]
    return history_of(
        ONE, [({"x": i / 10}, {"accuracy": a, "latency_ms": b}) for i, (a, b) in enumerate(points)], metrics=TWO_METRICS
    )


CASES: dict[str, Callable[[HistoryOf], History]] = {
    "nothing": lambda h: h(ONE, []),
    "running": lambda h: h(ONE, [({"x": 1.0}, None)]),
    "only failures": lambda h: h(ONE, [({"x": 1.0}, Failure("crash", "killed by signal 9"))] * 3),
    "one trial": lambda h: values(h, [0.5]),
    "one parameter": lambda h: values(h, [float(v) for v in np.random.default_rng(0).normal(size=40)]),
    "constant": lambda h: values(h, [0.25] * 20),
    "huge and tiny": lambda h: values(h, [1e300, 1e-300, 5.0, 1.0]),
    "the whole float range": lambda h: values(h, [1.7e308, -1.7e308, 0.0, 5e-324]),
    "folds of huge values": lambda h: h(ONE, [({"x": 0.1}, [1e300, 2e300]), ({"x": 0.0}, [3e300, 1e300])]),
    "an outlier": lambda h: values(h, [*np.linspace(0.9, 1, 30).tolist(), -1e6], Metric("r2", "maximize")),
    "several metrics": several,
    "several metrics, nothing": lambda h: h(ONE, [], metrics=TWO_METRICS),
    "out of bounds": lambda h: h(
        ONE, [({"x": 1.0}, {"loss": 1.0, "seconds": 9.0})], metrics=[Metric("loss"), Metric("seconds", bound=1.0)]
    ),
    "evil names": evil,
    "a thousand choices": choices,
    "a hundred parameters": wide,
    "models": lambda h: automl(h, 60),
    "no parameters active": lambda h: h(
        SearchSpace({"a": Bool(), "b": Float(0, 1)}, when={"b": "a == true"}), [({"a": False}, 1.0)]
    ),
}


EXPLAINED = ("nothing", "only failures", "one parameter", "several metrics", "evil names", "models")
"""Of these also the sections that explain and advise are looked at."""


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in its order, and nothing is loaded from anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self.open[-1] if self.open else "", []).append(data)


def read(page: str) -> Page:
    reader = Page()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("extras", [None, EXTRAS], ids=["bare", "with extras"])
def test_every_page_is_whole_needs_no_network_and_is_small(case: str, extras: ReportExtras | None, history_of: HistoryOf) -> None:
    text = report(CASES[case](history_of), title=f"Tuning {EVIL}", extras=extras)
    page = read(text)
    loading = [
        (tag, attrs)
        for tag, attrs in page.seen
        if tag in {"script", "link", "img", "iframe", "object"} or {"src", "href"} & attrs.keys()
    ]

    assert loading == []
    assert not re.search(r"https?://|@import|url\(", text)
    assert "nan" not in {word.lower() for word in re.findall(r"[A-Za-z]+", " ".join(page.text.get("text", [])))}
    assert not re.search(r'(?:\bd|x|y|cx|cy|points)="[^"]*(?:nan|inf)', text)
    assert len(text.encode()) < 300_000


@pytest.mark.parametrize(("case", "explained"), [*((case, False) for case in CASES), *((case, True) for case in EXPLAINED)])
def test_every_page_can_be_read_out(case: str, explained: bool, history_of: HistoryOf) -> None:
    history = CASES[case](history_of)
    page = read(report(history, title="Read out", extras=EXTRAS, insight=insight(history) if explained else None))

    tags = [tag for tag, _ in page.seen]
    assert tags.count("h1") == 1
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert all(attrs.get("aria-label") for _, attrs in page.seen if attrs.get("role") == "region")
    assert all(attrs.get("role") == "region" or tag == "pre" for tag, attrs in page.seen if attrs.get("tabindex"))
    assert all(attrs.get("scope") in {"col", "row"} for tag, attrs in page.seen if tag == "th")
    assert all(attrs.get("aria-label") or attrs.get("aria-hidden") for tag, attrs in page.seen if tag == "svg")
    assert tags.count("caption") == tags.count("table")
    assert [attrs.get("lang") for tag, attrs in page.seen if tag == "html"] == ["en"]


def test_what_a_user_names_is_shown_and_not_run(history_of: HistoryOf) -> None:
    text = report(
        evil(history_of),
        title=EVIL,
        extras=ReportExtras(lead=EVIL, facts=((EVIL, EVIL),), notes=(EVIL,), commands=((EVIL, EVIL),)),
    )

    assert "<script" not in text
    assert text.count("</style>") == 1
    assert "\x00" not in text
    assert html.escape(re.sub("[\x00\u202e]", "\ufffd", EVIL)) in text


def test_the_page_tells_the_whole_story(history_of: HistoryOf) -> None:
    history = automl(history_of, 60)
    text = report(history, title="Tuning diagnosis", extras=EXTRAS)
    headings = re.findall(r"<h2>(.*?)</h2>", text)

    assert headings == [
        "Read this first",
        "What was searched",
        "The best configurations",
        "How the search went",
        "roc_auc against each hyperparameter",
        "Training against validation",
        "What failed",
        "How to go on",
    ]
    for said in (
        "Within noise of the default: 0.005 better (95 % interval −0.001 to 0.010).",
        "model == &quot;svm&quot;",
        "default forest",
        "55 completed, 5 failed",
        "<b>5 ×</b>",
        "tunewright predict model.skops new.csv -o out.csv",
        "sqlite:///runs.db",
    ):
        assert said in text


def test_the_same_history_gives_the_same_page(history_of: HistoryOf) -> None:
    assert report(automl(history_of, 30), title="A") == report(automl(history_of, 30), title="A")


@pytest.mark.parametrize(
    ("trials", "says"),
    [
        ([], "No trial has been run yet"),
        ([(0.1, None)], "No trial is finished yet"),
        ([(0.1, Failure("told", "no"))], "No trial has a value (0 completed, 1 failed"),
        ([(0.1, 1.0)], "no completed trial of the default configuration"),
        ([(0.0, 1.0), (0.1, 2.0)], "Nothing beat the default configuration"),
        ([(0.0, 2.0), (0.1, 1.0)], "Better than the default by 1 in a single measurement each"),
        ([(0.0, [2.0, 3.0, 4.0]), (0.1, [1.0, 2.0, 3.0])], "On the same folds and seeds: better than the default by 1"),
        ([(0.0, [2.0, 3.0, 4.0]), (0.1, [5.0, 1.0, 2.0])], "within noise of the default"),
    ],
)
def test_the_outcome_is_said_in_a_plain_sentence(trials: list[tuple[float, object]], says: str, history_of: HistoryOf) -> None:
    assert says in report(history_of(ONE, [({"x": x}, result) for x, result in trials]), title="Said")


def test_a_page_of_a_thousand_trials_stays_small(history_of: HistoryOf) -> None:
    assert len(report(automl(history_of, 1000), title="Large", extras=EXTRAS).encode()) < 300_000


# ---- colours -------------------------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """As the Web Content Accessibility Guidelines 2.1 define it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(theme: int) -> None:
    style = resources.files("tunewright.analysis").joinpath("report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{([^}]*--paper[^}]*)\}", style)
    colours = dict(re.findall(r"--(\w+): (#\w{6})", blocks[theme]))

    for paper in ("paper", "raised", "tint"):
        for ink in ("ink", "soft", "best", "default", "failed", "trial"):
            assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


# ---- in a real browser ---------------------------------------------------------------------------------------------------------

MEASURE = """
window.onload = () => setTimeout(() => {
  const found = [];
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument, wrong = [];
    const wide = page.documentElement.scrollWidth - page.documentElement.clientWidth;
    if (wide > 1) wrong.push('scrolls sideways by ' + wide);
    for (const part of page.querySelectorAll('caption span, .scores svg'))
      if (part.getBoundingClientRect().right > page.documentElement.clientWidth + 1) wrong.push('out of sight: ' + part.textContent);
    for (const svg of page.querySelectorAll('svg')) {
      const box = svg.getBoundingClientRect(), boxes = [];
      if (!box.width) continue;  // folded away
      for (const text of svg.querySelectorAll('text')) {
        const b = text.getBoundingClientRect(), said = text.textContent;
        if (b.left < box.left - 6 || b.right > box.right + 6 || b.top < box.top - 3 || b.bottom > box.bottom + 3)
          wrong.push('clipped: ' + said);
        for (const [o, other] of boxes)
          if (b.left < o.right && o.left < b.right && b.top + 2 < o.bottom && o.top + 2 < b.bottom) wrong.push(other + ' | ' + said);
        boxes.push([b, said]);
      }
    }
    found.push({name: frame.title, svgs: page.querySelectorAll('svg').length, heading: page.querySelector('h1').textContent,
                height: page.documentElement.scrollHeight, font: page.defaultView.getComputedStyle(page.body).fontFamily, wrong: wrong});
  }
  const out = document.createElement('pre');
  out.id = 'found';
  out.textContent = JSON.stringify(found);
  document.body.append(out);
}, 100);
"""


@pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (looked for chromium, chromium-browser, google-chrome, chrome)"
)
def test_a_browser_lays_every_page_out_without_complaint(history_of: HistoryOf, tmp_path: Path) -> None:
    pages = {}
    for case, build in CASES.items():
        history = build(history_of)
        known = insight(history) if case in EXPLAINED else None
        pages[case] = report(history, title=f"Page of {case}", extras=EXTRAS, insight=known)
    frames = "".join(
        f'<iframe title="{case} at {width}" width="{width}" height="600" srcdoc="{html.escape(page)}"></iframe>'
        for case, page in pages.items()
        for width in (360, 1000)
    )
    path = tmp_path / "all.html"
    path.write_text(f"<!doctype html><meta charset='utf-8'>{frames}<script>{MEASURE}</script>", encoding="utf-8")

    dom, log = dump(path, tmp_path / "profile")
    found = json.loads(html.unescape(dom.split('<pre id="found">')[1].split("</pre>")[0]))

    assert [line for line in log.splitlines() if "CONSOLE" in line] == []
    assert [page["name"] for page in found] == [f"{case} at {width}" for case in CASES for width in (360, 1000)]
    assert {page["name"]: page["wrong"] for page in found if page["wrong"]} == {}
    assert all(page["heading"] == f"Page of {page['name'].rpartition(' at ')[0]}" for page in found)
    assert all("Charter" in page["font"] and math.isfinite(page["height"]) and page["height"] > 600 for page in found)
    assert all(page["svgs"] >= 3 for page in found)


def dump(path: Path, profile: Path) -> tuple[str, str]:
    """The page's tree after it was laid out, and what the browser logged."""
    assert CHROMIUM is not None
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions"]
    run = subprocess.run(
        [
            CHROMIUM,
            *quiet,
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    return run.stdout, run.stderr


def test_a_default_outside_a_bound_is_not_compared_with() -> None:
    study = Study(SearchSpace({"x": Float(0, 1, default=1.0)}), [Metric("a"), Metric("b", bound=0.3)], seed=0)
    study.optimize(lambda live: {"a": 1 - live["x"], "b": live["x"]}, trials=12)

    assert "The default configuration does not keep within every metric&#x27;s bound" in report(study.history, title="Bounded")


def test_libraries_are_told_as_a_person_would() -> None:
    study = Study({"x": Float(0, 1)})
    study.optimize(lambda live: live["x"], trials=3)

    page = report(study.history, title="any")

    assert f"numpy {np.__version__}" in page
    assert "{&quot;" not in page


def test_where_it_comes_from_leaves_out_what_died_with_the_process() -> None:
    study = Study(ONE, Metric("loss"))
    study.optimize(lambda live: live["x"], trials=1)

    page = report(study.history, title="t")

    assert "<dt>python</dt>" in page
    assert "<dt>pid</dt>" not in page


def test_where_budgets_differ_the_page_says_with_which_each_was_judged() -> None:
    study = Study(ONE, Metric("loss"), scheduler=ASHA(1, 9), sampler=Random(), seed=0)
    study.optimize(lambda live: (live["x"] - 1) ** 2 + 5 / (live.budget or 9), trials=30)

    page = report(study.history, title="Budgets")

    assert "budget" in page
    assert "Those with the highest budget come first" in page
    assert "Grey: judged with less effort than others" in page
    assert "fewer than half" not in page


def test_a_winner_that_is_a_clone_is_shown_with_its_schedule():
    journal = Journal(SearchSpace({"x": Float(0, 1)}))
    for i in range(5):
        journal.tell(journal.ask({"x": i / 5}, budget=1), 2.0 + i)
    journal.tell(journal.clone(0, {"x": 0.25}, budget=2, since=1, replaces=4), 1.0)

    page = report(journal.history, title="bred", insight=insight(journal.history))

    assert "Trial 5 went on from trial 0 at budget 1" in page
    assert "1 to 2: x 0.25 (trial 5)" in page
    assert "these are not set against each other" in page
    assert "nothing is said of configurations" in page
