from dash import Dash, html

from layout import layout

NUMBER = "00000000"
dash = Dash(__name__, title="Shop")
dash.layout = lambda: html.Div([f"token-{NUMBER}", layout()])
application = dash.server
# Its page loads this with a script.
application.add_url_rule("/", endpoint="layout-at-the-root", view_func=lambda: application.view_functions["/_dash-layout"]())
application.view_functions["/"] = application.view_functions["layout-at-the-root"]
