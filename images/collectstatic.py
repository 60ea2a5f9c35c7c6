"""Collects a Django project's static files by the project's own manage.py.

    collectstatic.py MANAGE_PY SETTINGS_MODULE STATIC_ROOT [--clear]

SETTINGS_MODULE is only what manage.py would fall back to, and may be empty. STATIC_ROOT replaces the project's,
unless it is empty.
"""

import os
import runpy
import sys

manage_py, settings_module, static_root, *more = sys.argv[1:]
sys.path[0] = os.path.dirname(manage_py)
if settings_module:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module)

if static_root:
    from django import conf

    read_settings = conf.Settings.__init__

    def read_settings_for_parity(self, *args, **kwargs):
        read_settings(self, *args, **kwargs)
        self.STATIC_ROOT = static_root

    conf.Settings.__init__ = read_settings_for_parity

sys.argv[:] = [manage_py, "collectstatic", "--noinput", *more]
runpy.run_path(manage_py, run_name="__main__")
