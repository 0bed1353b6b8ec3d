"""TensorFlow Lite files: what they hold, the network that it is, and weights written back."""
