"""Symbolic execution of programs in integers, on exact linear forms."""
