"""Readers and writers of model files, one format a file."""
