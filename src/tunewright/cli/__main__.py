"""`python -m tunewright.cli` is `tunewright`."""

import sys

from tunewright.cli import main

sys.exit(main())
