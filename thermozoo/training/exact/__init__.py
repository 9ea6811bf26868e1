"""Exact training: moments of single units, averaged over time and images, and the equations that they enter."""
