"""One file an algorithm: how much of a parent order should be out by now, and when to ask again."""
