"""Thumb-2 with FPv4: targets as tables, and how their code is decoded and what it means."""
