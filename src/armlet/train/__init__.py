"""Training: a multilayer perceptron from labelled rows, with JAX and optax."""
