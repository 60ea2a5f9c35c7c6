# Written by parity. Imports the application for mod_wsgi.
import sys
{% if script or installed %}{% if installed %}import os
{% endif %}import types

module = types.ModuleType("__wsgi__")
{% if script %}module.__file__ = {{ script }}
{% else %}found = [path for path in sys.path if os.path.isfile(os.path.join(path, {{ installed }}))]
if not found:
    raise FileNotFoundError("no installed distribution has the file that `app` names: " + {{ installed }})
module.__file__ = os.path.join(found[0], {{ installed }})
{% endif -%}
sys.modules["__wsgi__"] = module
with open(module.__file__, "rb") as source:
    code = compile(source.read(), module.__file__, "exec", dont_inherit=True)
exec(code, module.__dict__)
{% else %}
__import__({{ module }})
module = sys.modules[{{ module }}]
{% endif %}
application = {% for name in names %}getattr({% endfor %}module{% for name in names %}, {{ name }}){% endfor %}{% if factory %}(){% endif %}
{% if fallback %}

def handle_request(environ, start_response):
    # The request came by document-root's rewrite rules, which split its path at the first name that is no file.
    path = environ.get("mod_wsgi.script_name", environ.get("SCRIPT_NAME", "")) + environ.get("PATH_INFO", "")
    if "mod_wsgi.mount_point" not in environ:
        environ["SCRIPT_NAME"] = {{ mount }}
    environ["PATH_INFO"] = path[len({{ mount }}):] if path.startswith({{ mount }}) else path
    return application(environ, start_response)
{% endif -%}
