"""The last word on a build in integers."""
