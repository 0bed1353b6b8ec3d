"""Assemblers, compilers and linkers as programs, and the ELF files that they leave."""
