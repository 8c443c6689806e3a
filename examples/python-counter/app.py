"""A counter in Python. It knows nothing of failover, sentinels or Holdfast: one Redis, four variables.

GET /ping  200 when Redis answers
GET /ID    how often ID has been called
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_to_bytes, urlsplit

import redis  # Debian and Ubuntu: apt install python3-redis

store = redis.Redis(
    host=os.environ.get("REDIS_HOST", "127.0.0.1"),
    port=int(os.environ.get("REDIS_PORT", "6379")),
    password=os.environ.get("REDIS_PASSWORD") or None,
    db=int(os.environ.get("REDIS_DB", "0")),
)


class Counter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        segment = urlsplit(self.path).path[1:]
        try:
            if segment == "ping":
                store.ping()
                self.answer(200, "text/plain", b"")
            elif segment == "" or "/" in segment:
                self.answer(404, "text/plain", b"not found")
            else:
                count = store.incr(unquote_to_bytes(segment))
                self.answer(200, "application/json", json.dumps({"count": count}).encode())
        except redis.RedisError as error:
            self.log_error("Redis: %s", error)
            self.answer(500, "text/plain", b"failed to get count")

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    address = (os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8080")))
    Server(address, Counter).serve_forever()
