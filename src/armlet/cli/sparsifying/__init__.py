"""What `armlet sparsify` is made of: its options, and what it writes and tells."""
