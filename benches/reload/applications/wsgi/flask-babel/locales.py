def locale():
    return "de"


locale.number = "00000000"
