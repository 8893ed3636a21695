"""Run `coxswain` with the kinds of venue in `more_venues` beside its own."""

from pathlib import Path

import coxswain.venues
from coxswain.app.cli import main

if __name__ == "__main__":
    coxswain.venues.__path__.append(str(Path(__file__).with_name("more_venues")))
    main()
