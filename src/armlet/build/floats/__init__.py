"""The files of a build for a network with windows in single precision."""
