"""The debugger: the way into the processes that serve the application, pdb there, and its terminal."""
