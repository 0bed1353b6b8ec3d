"""What to compute: neurons and connections, with no order and no machine."""
