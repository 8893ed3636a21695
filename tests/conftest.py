"""Settings of all tests: a slow machine is no failure, a failure says how to see it again, and nobody's key is used."""

import os

from hypothesis import settings

settings.register_profile("coxswain", deadline=None, print_blob=True)
settings.load_profile("coxswain")
os.environ["XDG_CONFIG_HOME"] = os.devnull
