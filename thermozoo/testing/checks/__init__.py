"""Checks, one module a kind."""
