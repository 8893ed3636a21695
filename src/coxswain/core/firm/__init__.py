"""Firms' rules in the engine: the books that their days need, the facts they are judged on, and what acts by itself."""
