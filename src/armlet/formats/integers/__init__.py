"""The layers of networks in integers as a PARAMS folder has them."""
