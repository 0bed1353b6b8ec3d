"""Networks to the files of other tools, by the suffix of the file."""
