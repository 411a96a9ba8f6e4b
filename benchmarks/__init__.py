"""Measurements of the running program, each beside its peer in the same run."""
