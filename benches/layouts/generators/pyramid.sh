# The shape of Pyramid's starter: the project is a package with a `main` that PasteDeploy knows by its entry point.
mkdir my_pyr
cat >setup.py <<'END'
from setuptools import find_packages, setup

setup(
    name="my_pyr",
    version="0.1",
    packages=find_packages(),
    include_package_data=True,
    install_requires=["plaster_pastedeploy", "pyramid"],
    entry_points={"paste.app_factory": ["main = my_pyr:main"]},
)
END
cat >my_pyr/__init__.py <<'END'
from pyramid.config import Configurator


def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        config.add_route("home", "/")
        config.scan(".views")
    return config.make_wsgi_app()
END
cat >my_pyr/views.py <<'END'
from pyramid.response import Response
from pyramid.view import view_config


@view_config(route_name="home")
def home(request):
    return Response("number-1")
END
printf '[app:main]\nuse = egg:my_pyr\npyramid.default_locale_name = en\n' >production.ini
printf 'from pyramid.paster import get_app\n\napplication = get_app("production.ini", "main")\n' >wsgi.py
page / my_pyr/views.py
