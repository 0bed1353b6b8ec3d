"""The operators of ONNX, each to what it does to the network that is being built."""
