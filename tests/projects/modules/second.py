TEXT = "second"
