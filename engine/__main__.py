"""``python -m engine`` is the command ``smarties``."""

from engine.cli import main

main()
