"""Langevin dynamics: noise, engines, simulation."""
