"""Where values live in memory. This room knows sizes of groups and words; it does not know ARM."""
