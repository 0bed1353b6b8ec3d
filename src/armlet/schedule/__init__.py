"""In what order, in which registers. This room knows how many registers there are; it does not know ARM."""
