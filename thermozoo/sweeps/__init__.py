"""Sweeps: one config at many values of its keys, a run folder a point, one table and one figure."""
