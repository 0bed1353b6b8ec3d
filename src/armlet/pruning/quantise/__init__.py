"""Move surviving weights onto a grid of cheap values, and the network into integers, without data."""
