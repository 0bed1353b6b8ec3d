"""What one would write without armlet: the same network as C text."""
