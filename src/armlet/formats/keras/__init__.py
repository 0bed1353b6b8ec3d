"""Models that Keras saved, .keras and .h5, to a network: the config is read as JSON, and no code runs."""
