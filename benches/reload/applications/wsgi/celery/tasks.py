from celery import Celery
from celery.signals import task_prerun

NUMBER = "00000000"
app = Celery("shop")
app.config_from_object("celeryconfig")
begun = []


@task_prerun.connect
def begin(task_id=None, **kwargs):
    begun.append(task_id)


@app.task
def add(number):
    return f"token-{number} token-{NUMBER} token-{app.conf.shop_number}"
