from dash import Input, Output, callback, dcc, html

NUMBER = "00000000"


def layout():
    return html.Div([dcc.Input(id="name"), html.P(f"token-{NUMBER}", id="greeting")])


@callback(Output("greeting", "children"), Input("name", "value"))
def greet(name):
    return f"Hello, {name}"
