"""Straight runs of instructions: what they do to addresses, counters and bytes."""
