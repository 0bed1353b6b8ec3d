"""Networks with windows in single precision: how their tensors lie in memory, and the order of every sum."""
