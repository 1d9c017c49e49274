"""The command line. Floor 8 of the house: one module a command, which knows nothing of how anything is done."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the ``yinji`` command."""
    from yinji.cli.app import app

    sys.exit(app())
