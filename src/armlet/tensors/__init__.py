"""How the tensors of a network with windows lie in memory: words of two values, their borders, their lifetimes."""
