"""Input models for images: random fields, where they may be bright, and which of them to keep."""
