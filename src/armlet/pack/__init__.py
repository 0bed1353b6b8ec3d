"""Packs values into words of two fields, and orders neurons and loads so that few words are loaded."""
