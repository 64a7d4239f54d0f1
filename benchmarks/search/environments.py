"""The peers, each group in an environment of its own: python benchmarks/search/environments.py [peers] [hebo]

Into build/peers and build/hebo; a few minutes and 3 GB each. torch is installed first, so that what depends on it does not choose another.
"""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

__all__: list[str] = []

HERE: Final = Path(__file__).resolve().parent
TORCH: Final = "torch==2.13.0"


def main() -> None:
    for name in sys.argv[1:] or ("peers", "hebo"):
        folder = HERE.parents[1] / "build" / name
        python = folder / "bin" / "python"
        if not python.exists():
            venv.create(folder, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        for wanted in ([TORCH], ["-r", str(HERE / f"requirements-{name}.txt")]):
            subprocess.run([*pip, *wanted], check=True)
        print(f"{name}: {folder}")


if __name__ == "__main__":
    main()
