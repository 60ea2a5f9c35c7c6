from debug_toolbar.panels import Panel


class NumberPanel(Panel):
    title = nav_title = "token-00000000"
    has_content = False


def shown(request):
    return True
