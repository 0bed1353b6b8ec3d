"""Instruction sets: registers, operations, timing, decoding and meaning, each set under its own roof."""
