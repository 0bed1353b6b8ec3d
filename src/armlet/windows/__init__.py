"""Networks with windows in single precision, from the network to a build."""
