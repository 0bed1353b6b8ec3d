"""The files of a build in integers: assembly text, header, drivers, manifest; written and read."""
