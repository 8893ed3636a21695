"""Settings of all tests: a slow machine is no failure, and a failure says how to see it again."""

from hypothesis import settings

settings.register_profile("coxswain", deadline=None, print_blob=True)
settings.load_profile("coxswain")
