"""How large the report of a study is, how long it takes to write, and how long Chromium takes to open it.

    python benchmarks/report.py                          studies of 10, 1,000 and 10,000 trials: about two minutes
    python benchmarks/report.py --trials 10000 --rounds 9 --keep build/pages

Opening is measured twice, in a fresh Chromium each time, without a network: by the browser's own clock, from the request to the page
laid out; and by the wall, from the start of Chromium to a picture of the page on disk, less the same for an empty page of that round.
The studies have 10 hyperparameters, one of them conditional; a fiftieth of the trials failed.
"""

import argparse
import math
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from tunewright.analysis.pages import page
from tunewright.history import History
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace, param
from tunewright.testing.journal import Journal

__all__: list[str] = []

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
SPACE: Final = SearchSpace(
    {
        **{f"x{i}": Float(0, 1) for i in range(4)},
        "lr": Float(1e-5, 1e-1, log=True),
        "decay": Float(1e-6, 1e-2, log=True),
        "layers": Int(1, 8),
        "norm": Bool(),
        "optimizer": Categorical(("adam", "sgd", "lion")),
        "momentum": Float(0, 0.99),
    },
    when={"momentum": param("optimizer") == "sgd"},
)
CLOCK: Final = """<!doctype html><title>clock</title><body><script>
const start = performance.now(), frame = document.createElement('iframe');
frame.width = 1200; frame.height = 900;
frame.onload = () => {
  const height = frame.contentDocument.documentElement.scrollHeight;  // lays the page out
  const out = document.createElement('pre');
  out.textContent = `took ${performance.now() - start} height ${height}`;
  document.body.append(out);
};
frame.src = location.hash.slice(1);
document.body.append(frame);
</script>"""


def study_of(count: int) -> History:
    rng, journal = np.random.default_rng(0), Journal(SPACE)
    for i, row in enumerate(SPACE.sample_rows(rng, count)):
        params = SPACE.params(row)
        trial = journal.ask(params)
        if i % 50 == 49:
            journal.fail(trial)
            continue
        loss = (float(row[0]) - 0.3) ** 2 + 0.3 * (math.log10(float(row[4])) + 3) ** 2 + 0.1 * float(row[6]) * float(row[1])
        journal.tell(trial, loss + 0.2 * (params["optimizer"] == "sgd") + 0.01 * float(rng.standard_normal()))
    return journal.history


def browse(browser: str, profile: str, *more: str) -> subprocess.CompletedProcess[str]:
    quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-extensions",
    ]
    quiet += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"]
    quiet += ["--allow-file-access-from-files", f"--user-data-dir={profile}"]
    return subprocess.run([browser, *quiet, *more], capture_output=True, text=True, timeout=300, check=True)


def opened(browser: str, folder: Path, path: Path) -> tuple[float, float]:
    """Milliseconds: by the browser's clock, and by the wall."""
    clock, empty = folder / "clock.html", folder / "empty.html"
    clock.write_text(CLOCK, encoding="utf-8")
    empty.write_text("<!doctype html><title>empty</title>", encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        out = browse(browser, profile, "--dump-dom", f"{clock.as_uri()}#{path.as_uri()}").stdout
        found = re.search(r"took ([\d.]+) height (\d+)", out)
        if found is None or int(found[2]) < 500:
            raise RuntimeError(f"Chromium did not lay {path} out: {out[-300:]}")
        walls = []
        for each in (empty, path):
            start = time.perf_counter()
            browse(browser, profile, "--window-size=1200,900", f"--screenshot={folder / 'shot.png'}", each.as_uri())
            walls.append(time.perf_counter() - start)
    return float(found[1]), 1e3 * (walls[1] - walls[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[10, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder for the pages")
    given = parser.parse_args()
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"No Chromium is installed (looked for {', '.join(BROWSERS)}).")
    version = subprocess.run([browser, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"python {platform.python_version()}, {version}; medians over {given.rounds} rounds (least to largest)")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for count in given.trials:
            history = study_of(count)
            start, ticks = time.perf_counter(), time.process_time()
            text = page(history, f"A study of {count:,} trials")
            wall, cpu = time.perf_counter() - start, time.process_time() - ticks
            path = folder / f"report-{count}.html"
            path.write_text(text, encoding="utf-8")
            outside = re.findall(r"(?:src|href)=\"?(?!#|data:)[^ >]*|@import|url\((?!#|data:)", text)
            clock, walls = zip(*(opened(browser, folder, path.resolve()) for _ in range(given.rounds)), strict=True)
            print(
                f"  {count:>6,} trials: {path.stat().st_size / 1e3:6.0f} kB, {text.count('<'):,} tags, {len(outside)} outside references;"
                f" written in {wall:.1f} s ({cpu:.1f} s CPU)"
            )
            for name, each in (("browser's clock", clock), ("wall", walls)):
                print(f"         opened, {name:<15} {statistics.median(each):6.0f} ms ({min(each):.0f} to {max(each):.0f})")


if __name__ == "__main__":
    main()
