"""Joulesweep: what neural-network inference costs on the device where it runs."""

import sys

_OLDEST = (3, 10)  # of the measuring side; `python:` in the configuration may name any interpreter

if sys.version_info < _OLDEST:
    sys.exit(
        f"joulesweep: this is Python {sys.version_info[0]}.{sys.version_info[1]}, and measuring needs Python 3.10 or newer: "
        "name another interpreter; docs/install.md says how to get one"
    )
