"""The computer: groups of units, couplings, energy, and its file."""
