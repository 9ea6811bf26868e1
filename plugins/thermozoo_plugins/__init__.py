"""First-party plugins of thermozoo, one class a file, found through the same entry points as anyone's."""
