"""Adapters to where orders go. They speak messages and nothing else; no rule of ours lives here."""
