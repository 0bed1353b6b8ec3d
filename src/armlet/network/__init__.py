"""What comes in: trained networks, the files that hold them, and the arithmetic that all later stages honour."""
