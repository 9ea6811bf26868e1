"""``python -m thermozoo``."""

from __future__ import annotations

from thermozoo.cli import main

main()
