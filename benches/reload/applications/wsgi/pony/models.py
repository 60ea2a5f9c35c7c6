from pony.orm import Database, PrimaryKey, Required

db = Database()


class Order(db.Entity):
    id = PrimaryKey(int, auto=True)
    name = Required(str)

    @property
    def number(self):
        return "token-00000000"
