"""`python -m gitgen`."""

import sys

from gitgen.cli import main

sys.exit(main())
