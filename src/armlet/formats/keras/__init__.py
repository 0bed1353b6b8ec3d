"""Models that Keras saved as .keras to a network: the config is read as JSON, and no code runs."""
