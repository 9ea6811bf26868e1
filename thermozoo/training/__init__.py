"""Training: noising trajectories, descent on the reverse-trajectory loss, and its exact minimum."""
