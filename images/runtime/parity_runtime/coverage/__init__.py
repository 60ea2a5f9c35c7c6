"""Measures which lines of the project run, with coverage.py: in each process that serves, and the report on it."""
