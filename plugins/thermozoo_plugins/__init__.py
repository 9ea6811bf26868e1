"""First-party plugins of thermozoo, one species a file, found through the same entry points as anyone's."""
