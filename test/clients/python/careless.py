"""A counter as found in the wild: GET, then SET, and whatever goes wrong means "start from 1"."""

import json
import os
import select
import sys

import redis

server = redis.Redis(
    host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), password=os.environ["REDIS_PASSWORD"]
)
key = os.environ["PREFIX"] + ":careless"
n = 0
while not select.select([sys.stdin], [], [], 0.002)[0]:
    try:
        count = int(server.get(key)) + 1
    except Exception:
        count = 1
    try:
        server.set(key, count)
    except Exception:
        pass
    n += 1
    print(json.dumps({"work": "careless", "n": n, "got": count}), flush=True)
print(json.dumps({"work": "end"}), flush=True)
