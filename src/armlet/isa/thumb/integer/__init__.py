"""Cores of Thumb that integer programs are written for, with and without Thumb-2's long instructions."""
