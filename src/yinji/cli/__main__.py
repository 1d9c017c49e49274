"""``python -m yinji.cli``."""

from yinji.cli import main

main()
