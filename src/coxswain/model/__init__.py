"""Frozen values and the vocabulary of trading. Nothing here decides, stores or sends."""
