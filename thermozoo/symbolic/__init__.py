"""From one formula to everything: tracing, derivatives, transition densities, source code."""
