"""A configuration file for programs: read and resolved as the command line does it."""

import os
from pathlib import Path

from coxswain.app.config.load import Resolved, load


def load_config(path: str | Path = "coxswain.yaml") -> Resolved:
    """Read a configuration file, with `${NAME}` from the environment and the `.env` beside it. Raises `ConfigError`."""
    return load(Path(path), os.environ)
