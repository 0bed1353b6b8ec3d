"""In what order, in which registers. This room knows a number of registers and a size of groups; it does not know ARM."""
