"""Data sets: where images come from, how they are brought to one side, and the files that hold them."""
