"""Selects instructions for networks in integers: every weight becomes the cheapest instructions that make it."""
