"""Programs of networks with windows in single precision: counted loops around programs of weights."""
