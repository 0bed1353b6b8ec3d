"""Make a trained network sparse without data. Only this room and the trainer use JAX."""
