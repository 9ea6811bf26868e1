"""Heat, work, path probabilities and what a computation costs."""
