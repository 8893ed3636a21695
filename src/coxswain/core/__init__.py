"""The engine itself: pure, synchronous, deterministic. One input in, one record out."""
