TEXT = "first"
