# What mod_wsgi takes the application from. `slot.py`, which has run before, puts it here and sees to it.
import sys

sys.modules["parity_slot"].attach(globals())
