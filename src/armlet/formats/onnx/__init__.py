"""ONNX files: read into layers, and written from them."""
