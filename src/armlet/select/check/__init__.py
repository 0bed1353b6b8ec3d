"""The checker of programs: lines replayed on value numbers."""
