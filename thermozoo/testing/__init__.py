"""The verification suite for plugins."""
