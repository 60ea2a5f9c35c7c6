# Dash: the WSGI application is an attribute of what is called `app`.
printf 'dash\n' >requirements.txt
cat >app.py <<'END'
from dash import Dash, html

app = Dash(__name__, title="number-1")
server = app.server
app.layout = html.Div("Shop")

if __name__ == "__main__":
    app.run(debug=True)
END
page / app.py
