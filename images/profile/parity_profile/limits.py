"""What both ways of sampling keep to."""

# Frames that begin here are parity's own, and not shown.
OWN = ("/etc/parity/", "/run/parity/")
MOST_NODES = 100_000
MOST_DEPTH = 1_000
MOST_STACKS = 50_000
MOST_ROUTES = 500
# Recorded requests that end between two messages.
MOST_ENDED = 5_000
OTHERS = "(others)"
# Time between samples differs by so much: what happens at the same rate is not to be seen always or never.
JITTER = 0.25
