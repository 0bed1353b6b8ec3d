"""The proof of programs in single precision for networks with windows: what they must compute, cell by cell."""
