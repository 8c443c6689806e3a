"""A program that uses Redis through redis-py as programs do: many kinds of work at once, each in a thread.

Says every reply as a line of JSON, {"work", "n", "got"}; an exception as {"work", "n", "error"}. Ends when its standard input does.
Works without any thought of failover: it repeats nothing, and no error is expected anywhere.
"""

import json
import os
import sys
import threading
import time

import redis

prefix = os.environ["PREFIX"]
host, port = os.environ["REDIS_HOST"], int(os.environ["REDIS_PORT"])
server = redis.Redis(host=host, port=port, password=os.environ["REDIS_PASSWORD"], decode_responses=True)
stopped = threading.Event()
speaking = threading.Lock()


def say(work, **facts):
    with speaking:
        print(json.dumps({"work": work, **facts}), flush=True)


def key(name):
    return f"{prefix}:{name}"


def counter(n):
    return server.incr(key("counter"))


def values(n):
    server.set(key("value"), n)
    return server.get(key("value"))


def hashes(n):
    server.hset(key("hash"), mapping={"last": n, "by": "python"})
    return [server.hincrby(key("hash"), "count"), server.hget(key("hash"), "last")]


def lists(n):
    return server.rpush(key("list"), n)


def pipeline(n):
    pipe = server.pipeline(transaction=False)
    return pipe.incr(key("piped")).incr(key("piped")).get(key("piped")).sadd(key("set"), n).execute()


def transaction(n):
    pipe = server.pipeline(transaction=True)
    return pipe.incr(key("in-transaction")).rpush(key("log"), n).execute()


def optimistic(n):
    """Two threads do this with the same key: each reads what is there and writes one more."""

    def one_more(pipe):
        following = int(pipe.get(key("optimistic")) or 0) + 1
        pipe.multi()
        pipe.set(key("optimistic"), following)
        return following

    return server.transaction(one_more, key("optimistic"), value_from_callable=True)


script = server.register_script("return redis.call('INCR', KEYS[1])")


def scripts(n):
    return script(keys=[key("script")])


def scan(n):
    return len(set(server.scan_iter(match=key("scan:*"), count=100)))


def push(n):
    server.lpush(key("jobs"), n)
    return n


def worker():
    """Takes jobs until there are none left after the end. Two of them share the queue."""
    while True:
        job = server.brpop(key("jobs"), timeout=1)
        if job is not None:
            say("job", got=job[1])
        elif stopped.is_set():
            return


def add(n):
    server.xadd(key("stream"), {"n": n})
    return n


def consumer():
    while True:
        reply = server.xreadgroup("group", "consumer", {key("stream"): ">"}, count=10, block=500)
        for _, entries in reply:
            for entry, fields in entries:
                say("entry", got=fields["n"])
                say("acknowledged", got=server.xack(key("stream"), "group", entry))
        if not reply and stopped.is_set():
            return


def publish(n):
    server.publish(key("channel"), n)
    return n


def subscriber():
    """Its connection's own port tells whether it had to connect again."""
    subscription = server.pubsub(ignore_subscribe_messages=True)
    subscription.subscribe(key("channel"))
    while not stopped.is_set():
        message = subscription.get_message(timeout=0.2)
        if message is not None:
            say("message", got=message["data"])
            say("socket", got=subscription.connection._sock.getsockname()[1])


def repeat(work):
    n = 0
    while not stopped.is_set():
        n += 1
        say(work.__name__, n=n, got=work(n))
        time.sleep(0.05)


def in_thread(work, *arguments):
    def guarded():
        try:
            work(*arguments)
        except Exception as error:
            say((arguments or [work])[0].__name__, error=f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=guarded)
    thread.start()
    return thread


server.mset({key(f"scan:{n}"): n for n in range(100)})
server.xgroup_create(key("stream"), "group", id="0", mkstream=True)
threads = [in_thread(work) for work in (worker, worker, consumer, subscriber)]
repeated = [counter, values, hashes, lists, pipeline, transaction, optimistic, optimistic]
threads += [in_thread(repeat, work) for work in [*repeated, scripts, scan, push, add, publish]]
sys.stdin.read()
stopped.set()
for thread in threads:
    thread.join()
say("end")
