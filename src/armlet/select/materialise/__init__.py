"""Brings constants into registers: from a pool, by instructions that hold them, or for many products at once."""
