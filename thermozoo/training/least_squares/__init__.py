"""Quadratic losses of couplings and local coefficients, and their minimum; images and noising are unknown here."""
