"""Input models: samplers of inputs that the network is likely to meet, since there is no data."""
