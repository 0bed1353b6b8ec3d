"""The last word on a build for tensors."""
