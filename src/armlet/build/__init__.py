"""The files of a build: names, assembly text, header, drivers, manifest, declared order; written and read."""
