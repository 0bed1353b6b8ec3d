"""The weights in a .keras file, which are HDF5, read in a process of their own."""
