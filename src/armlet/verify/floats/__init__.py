"""The last word on a build of a network with windows in single precision."""
