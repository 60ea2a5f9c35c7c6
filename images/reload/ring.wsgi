# The last script of a process's start. `slot.py`, which has run before, serves requests from now on.
import sys

sys.modules["parity_slot"].attach()
