from peewee import CharField, Model, SqliteDatabase

database = SqliteDatabase("/tmp/peewee.sqlite3", pragmas={"journal_mode": "wal"})


class Order(Model):
    name = CharField()

    class Meta:
        database = database

    @property
    def number(self):
        return "token-00000000"
