"""A batch server of tests: it works in bursts, more for a larger batch, and obeys over HTTP (docs/control.md)."""

from __future__ import annotations

import argparse
import http.server
import json
import threading
import time


class Engine:
    """Runs batches one after another; a batch of 16 keeps a CPU busy, a batch of 1 hardly."""

    PERIOD_S = 0.01

    def __init__(self) -> None:
        self.setting = self.initial = {"max_batch": 4, "threads": 1}
        self.lease_ends_s = float("inf")
        self.batches: list[dict] = []
        self.posts = 0
        self.lock = threading.Lock()

    def work(self, ends_s: float) -> None:
        used = self.setting
        while time.monotonic() < ends_s:
            with self.lock:
                if time.monotonic() > self.lease_ends_s:
                    self.setting, self.lease_ends_s = self.initial, float("inf")
                setting = self.setting
            begin = time.monotonic()
            while time.monotonic() - begin < self.PERIOD_S * setting["max_batch"] / 16:
                pass
            time.sleep(max(0.0, begin + self.PERIOD_S - time.monotonic()))
            end, size = time.monotonic(), setting["max_batch"]
            batch = {"begin_s": begin, "end_s": end, "size": size, "first": setting != used, **setting}
            with self.lock:
                self.batches.append(batch | {"latencies_s": [end - begin] * size})
            used = setting

    def set(self, wish: dict) -> None:
        with self.lock:
            self.posts += 1
            release = wish.pop("release", False)
            self.lease_ends_s = time.monotonic() + wish.pop("lease_s", float("inf"))
            self.setting = self.initial if release else self.setting | wish

    def since(self, number: int) -> dict:
        with self.lock:
            return {
                "process": "one",
                "now_s": time.monotonic(),
                "next": len(self.batches),
                "batches": self.batches[number:],
                "queue_length": 100,
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--live-s", type=float, default=120.0)
    args = parser.parse_args()
    engine = Engine()

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, content: dict) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            _, _, since = self.path.partition("/batches?since=")
            self.answer(engine.since(int(since)) if since else engine.setting | {"posts": engine.posts})

        def do_POST(self) -> None:
            engine.set(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(engine.setting)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    engine.work(time.monotonic() + args.live_s)


if __name__ == "__main__":
    main()
