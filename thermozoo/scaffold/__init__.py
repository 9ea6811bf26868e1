"""Templates of plugin packages, filled in by ``thermozoo new``."""
