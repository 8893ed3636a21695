"""What a person asks an engine for, in few words: the same words that the simulated crowd uses."""

from coxswain.sim.asking import pause, release, resume, stop

__all__ = ["pause", "release", "resume", "stop"]
