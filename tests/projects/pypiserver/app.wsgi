import os

import pypiserver

application = pypiserver.app(roots=[os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages")])
