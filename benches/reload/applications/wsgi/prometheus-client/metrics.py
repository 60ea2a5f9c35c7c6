from prometheus_client import Counter

asked = Counter("asked", "token-00000000", ["number"])
