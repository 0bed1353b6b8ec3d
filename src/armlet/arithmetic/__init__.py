"""Number formats as values: how a machine stores, multiplies, adds and rounds."""
