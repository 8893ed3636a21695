"""Coxswain: a self-hosted trade execution engine."""

__version__ = "0.1.0"
