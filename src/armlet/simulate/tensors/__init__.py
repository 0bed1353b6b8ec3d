"""Builds for tensors in the emulator."""
