"""Input models: laws that say which inputs the network is likely to meet, since nobody shows it any."""
