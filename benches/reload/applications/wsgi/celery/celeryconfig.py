broker_url = "memory://"
task_always_eager = True
shop_number = "00000000"
