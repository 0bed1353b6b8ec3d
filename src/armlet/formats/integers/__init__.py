"""PARAMS folders of networks in integers."""
