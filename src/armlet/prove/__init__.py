"""Symbolic execution: linked code computes the declared order for every input."""
