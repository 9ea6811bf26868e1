"""A whole run: from a config to a folder with results, figures and a report."""
