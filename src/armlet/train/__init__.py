"""Training: a ReLU multilayer perceptron from labelled rows, with JAX and optax."""
