from allauth.account.adapter import DefaultAccountAdapter


class Adapter(DefaultAccountAdapter):
    number = "token-00000000"

    def is_open_for_signup(self, request):
        return False
