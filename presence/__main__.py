"""`python -m presence`: the same command as the installed `presence`."""

import sys

from presence.cli import main

if __name__ == "__main__":
    sys.exit(main())
