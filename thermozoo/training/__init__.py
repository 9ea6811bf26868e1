"""Training: noising trajectories, descent on the reverse-trajectory loss, and its exact minimum."""

#: Names of the training methods; the first is the default.
METHODS = ("exact", "moments", "descent", "online")
#: Times that the equations of a window may be averaged over; the first is the default.
WINDOW_TIMES = ("all", "middle")
