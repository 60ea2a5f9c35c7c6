import gevent
from gevent.pool import Pool

from work import work

NUMBER = "00000000"


def application(environ, start_response):
    pool = Pool(4)
    done = [job.get() for job in [pool.spawn(work, NUMBER, item) for item in range(4)]]
    gevent.sleep(0)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["\n".join(done).encode()]
