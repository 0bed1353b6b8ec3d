"""The checker of integer programs: lines replayed on linear forms."""
