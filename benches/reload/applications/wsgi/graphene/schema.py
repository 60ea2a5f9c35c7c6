import graphene


class Order(graphene.ObjectType):
    name = graphene.String()
    number = graphene.String()

    def resolve_number(self, info):
        return "token-00000000"


class Query(graphene.ObjectType):
    order = graphene.Field(Order)

    def resolve_order(self, info):
        return Order(name="token-" + info.context["number"])


schema = graphene.Schema(query=Query)
