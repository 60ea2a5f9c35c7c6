from mongoengine import Document, EmbeddedDocument, EmbeddedDocumentListField, StringField


class Line(EmbeddedDocument):
    name = StringField()


class Order(Document):
    name = StringField(required=True)
    note = StringField()
    lines = EmbeddedDocumentListField(Line)
    number = StringField(default="token-00000000")
