"""Writes layers for Cortex-M0+: instructions of two operands, a base that walks, high registers that only add."""
