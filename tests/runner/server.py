"""A small inference server that can misbehave in every way the runner must notice. Standard library only."""

from __future__ import annotations

import argparse
import http.server
import json
import os
import socketserver
import subprocess
import sys
import threading
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--mode", default="normal")
parser.add_argument("--delay-ms", type=float, default=2.0, help="time a request takes")
parser.add_argument("--workers", type=int, default=4, help="requests served at once")
parser.add_argument("--pids", default="", help="file for the process ids of what it starts")
parser.add_argument("--after", type=int, default=20, help="requests before it misbehaves")
args = parser.parse_args()

slots = threading.Semaphore(args.workers)
lock = threading.Lock()
count = 0
hoard = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        close = "Connection: close\r\n" if args.mode == "one_shot" else ""
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{close}Content-Length: {len(data)}\r\n\r\n"
        self.wfile.write(head.encode() + data)  # in one piece: else Nagle's algorithm waits for an acknowledgement
        self.close_connection = args.mode == "one_shot"

    def do_GET(self) -> None:
        ready = args.mode != "never_ready"
        self.answer(200 if ready else 503, {"ready": ready})

    def do_POST(self) -> None:
        global count
        numbers = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"][0]["data"]
        with lock:
            count += 1
            number = count
        late = number > args.after
        if args.mode == "hangs" and late:
            time.sleep(3600)
        if args.mode == "closes" and late and number % 2:
            self.close_connection = True
            self.connection.close()
            return
        if args.mode == "dies_later" and late:
            print("out of luck", flush=True)
            os._exit(7)
        if args.mode == "eats_memory" and late:
            block = bytearray(8 << 20)
            block[::4096] = b"x" * len(block[::4096])
            hoard.append(block)
        if args.mode == "errors" and late and number % 2:
            self.answer(503, {"error": "too busy"})
            return
        if args.mode == "pauses" and number % args.after == 0:
            pause.clear()
            threading.Timer(0.3, pause.set).start()
        pause.wait()
        with slots:
            time.sleep(args.delay_ms / 1000)
        off = 1 if args.mode == "wrong" or (args.mode == "sometimes_wrong" and number % 10 == 0) else 0
        self.answer(200, {"outputs": [{"name": "y", "data": [2 * x + off for x in numbers]}]})


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


pause = threading.Event()
pause.set()

if args.mode == "dies_at_start":
    print("cannot find the model", file=sys.stderr)
    sys.exit(3)
if args.mode == "deaf":
    print("deaf", flush=True)
    time.sleep(3600)
if args.mode == "forks":
    inside = subprocess.Popen(["sleep", "1000"])
    outside = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with open(args.pids, "w", encoding="utf-8") as file:
        file.write(f"{inside.pid} {outside.pid}\n")
print("serving", flush=True)
Server(("127.0.0.1", args.port), Handler).serve_forever()
