"""Loads the application in processes of their own, as mod_wsgi does and as a development server does: what each met is compared."""
