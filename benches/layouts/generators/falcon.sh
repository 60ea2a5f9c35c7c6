# Falcon's tutorial: a package with a module `app`.
printf 'falcon\n' >requirements.txt
mkdir look
touch look/__init__.py
cat >look/app.py <<'END'
import falcon


class Things:
    def on_get(self, req, resp):
        resp.text = "number-1"


app = application = falcon.App()
app.add_route("/", Things())
END
page / look/app.py
