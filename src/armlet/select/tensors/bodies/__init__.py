"""The bodies of convolutions: weights in their order, around which loops over positions are written."""
