"""What judges a world: the invariants, checked by code that shares nothing with the engine but messages and model.

It reads the records, the requests that leave, and the venues' own books, and keeps books of its own from them. A linter
contract keeps every part of the engine out of this package, also what it would reach through others.
"""
