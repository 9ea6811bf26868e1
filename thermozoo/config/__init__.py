"""The config: schema, checking, defaults."""
