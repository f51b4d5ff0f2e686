"""The networks of examples/recognition/server.py side by side: one process and one port each, one thread each."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

RECOGNITION = pathlib.Path(__file__).resolve().parents[1] / "recognition"


class Server:
    """One network behind HTTP."""

    def __init__(self, network: str):
        self.network = network
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        command = [sys.executable, "server.py", "--port", str(self._port), "--network", network, "--max-delay-ms", "0"]
        self._process = subprocess.Popen([*command, "--spinning", "false"], cwd=RECOGNITION)
        self.pid = self._process.pid
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self._connection.request("GET", "/v2/health/ready")
                if self._connection.getresponse().read():
                    return
            except OSError:
                self._connection.close()
                time.sleep(0.1)
        raise SystemExit(f"{self.network}: the server did not come up on port {self._port}")

    def __call__(self, png: bytes) -> tuple[str, float]:
        """The text of one picture and the network's confidence in it."""
        data = [base64.b64encode(png).decode()]
        body = {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": data}]}
        body["outputs"] = [{"name": "text"}, {"name": "confidence"}]
        self._connection.request("POST", "/v2/models/recognise/infer", json.dumps(body))
        answer = json.loads(self._connection.getresponse().read())
        if "error" in answer:
            raise RuntimeError(f"{self.network}: {answer['error']}")
        text, confidence = (output["data"][0] for output in answer["outputs"])
        return text, confidence

    def stop(self) -> None:
        self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


@contextlib.contextmanager
def serving(networks: list[str]) -> Iterator[dict[str, Server]]:
    """Servers by name, ready; stopped at the end whatever happens."""
    servers: dict[str, Server] = {}
    try:
        for network in networks:
            servers[network] = Server(network)
        for server in servers.values():
            server.wait_until_ready()
        yield servers
    finally:
        for server in servers.values():
            server.stop()
