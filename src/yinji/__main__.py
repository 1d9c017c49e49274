"""``python -m yinji``."""

from yinji.cli import main

main()
