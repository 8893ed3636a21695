"""The simulation: whole worlds from one integer, in which everything fails that can, and invariants that must hold.

Nothing that trades imports this. It drives the real loop over the real journal, on a disk and on wires of its own.
"""
