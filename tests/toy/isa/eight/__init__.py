"""A toy instruction set that no assembler knows: eight registers of 64 bits for values and constants."""
