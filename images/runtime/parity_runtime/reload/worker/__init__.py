"""One process of a slot: it stands by, imports the application when it is told to, and serves it."""
