"""Serving saved code: what the processes of the slots do (`worker`), and who tells them to (`agent`)."""
