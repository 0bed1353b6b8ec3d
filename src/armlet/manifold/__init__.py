"""The mathematics of sparsifying without data. Only this room and the trainer use JAX."""
