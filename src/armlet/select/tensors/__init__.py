"""Programs of networks with windows, for Cortex-M4: a counted loop around a program of weights."""
