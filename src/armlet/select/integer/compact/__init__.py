"""Layers as counted loops over tables: the connections are constants, two bytes each, and the code is one for all."""
