"""Builds of networks with windows in single precision, in the emulator."""
