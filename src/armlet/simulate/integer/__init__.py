"""Builds in integers in the emulator: their runs, and the inputs that they are tried on."""
