"""The files of a build for a network with windows: tensors of planes, two values in a word."""
