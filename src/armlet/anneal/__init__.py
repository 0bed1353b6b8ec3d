"""One annealing engine, with no idea what is being annealed, and the subjects that more than one room anneals."""
