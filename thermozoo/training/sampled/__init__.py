"""Training from sampled noising trajectories."""
