from flask_admin.contrib.sqla import ModelView


class OrderView(ModelView):
    column_labels = {"name": "token-00000000"}
