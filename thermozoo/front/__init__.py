"""The front door: what `import thermozoo` offers to a Python user, over everything that lies behind it."""
