"""``python -m genlib`` is the command line."""

import sys

from genlib.cli import main

if __name__ == "__main__":
    sys.exit(main())
