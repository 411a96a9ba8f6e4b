"""``python -m exchange``: the same as ``alphaflow exchange``."""

import sys

from exchange.server import main

sys.exit(main(sys.argv[1:]))
