from flask_login import LoginManager, UserMixin

manager = LoginManager()


class User(UserMixin):
    number = "token-00000000"

    def __init__(self, id):
        self.id = id


@manager.user_loader
def load(id):
    return User(id)
