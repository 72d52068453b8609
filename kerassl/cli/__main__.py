"""`python -m kerassl.cli` is `kerassl`."""

import sys

from kerassl.cli import main

if __name__ == "__main__":
    sys.exit(main())
