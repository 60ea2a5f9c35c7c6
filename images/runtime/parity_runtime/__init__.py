"""What parity runs beside an application, in the container: the instruments in the processes that serve it, and programs of their own.

No image of a project has any of it. A module does nothing when it is imported; what acts has a `main`, a `begin` or an `install`.
Modules that come into the application's processes import as little as they can: production has none of that before the application.
"""
