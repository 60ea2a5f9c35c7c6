SECRET_KEY = "only tried with, and long enough"
SQLALCHEMY_DATABASE_URI = "sqlite:////tmp/fab.sqlite3"
APP_NAME = "token-00000000"
