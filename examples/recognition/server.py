"""A real inference server: KServe v2 over HTTP, with dynamic batching, around the text-recognition network.

One batch runs at a time. While it runs, requests queue; the next batch takes up to --max-batch of them, waiting at
most --max-delay-ms for more. An image is one BYTES element: a PNG in base64.

/v2/control sets the largest batch and the threads of a running server, from the next batch on (docs/control.md).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import collections
import concurrent.futures
import functools
import io
import signal
import time
import uuid
from collections.abc import Callable

from aiohttp import web
from PIL import Image

from recogniser import NETWORKS, Recogniser

MODEL = "recognise"
VERSION = "1"


class Control:
    """What batches run with, and what they did: the server's side of /v2/control.

    A setting holds from the next batch on. One that came with a lease is given up when nobody renews it: a controller
    that was killed leaves nothing behind.
    """

    KEPT = 4096  # batches that nobody has fetched yet

    def __init__(self, max_batch: int, threads: int):
        self._initial = self._setting = (max_batch, threads)
        self._used = self._setting
        self._lease_ends_s = float("inf")
        self._batches: collections.deque = collections.deque(maxlen=self.KEPT)
        self._process = uuid.uuid4().hex
        self._count = 0
        self.arrivals = 0
        self.running_since_s: float | None = None

    @property
    def setting(self) -> tuple[int, int]:
        """(largest batch, threads) of the next batch."""
        if time.monotonic() > self._lease_ends_s:
            self.release()
        return self._setting

    def release(self) -> None:
        self._setting, self._lease_ends_s = self._initial, float("inf")

    def set(self, wish: object) -> None:
        """Takes a wish as it came over HTTP. Raises ValueError that names what is wrong."""
        if not isinstance(wish, dict) or not wish:
            raise ValueError("an object with max_batch, threads, lease_s or release")
        if wish == {"release": True}:
            return self.release()
        known = {"max_batch": (1, 1024), "threads": (1, 256), "lease_s": (0.1, 3600)}
        for key, value in wish.items():
            if key not in known:
                raise ValueError(f"{key}: is none of {', '.join(known)}, release")
            low, high = known[key]
            kinds = (int, float) if key == "lease_s" else (int,)
            if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
                raise ValueError(f"{key}: {value!r} is outside [{low}, {high}]")
        batch, threads = self.setting
        self._setting = (wish.get("max_batch", batch), wish.get("threads", threads))
        self._lease_ends_s = time.monotonic() + wish["lease_s"] if "lease_s" in wish else float("inf")

    def begin(self) -> tuple[int, int]:
        self.running_since_s = time.monotonic()
        return self.setting

    def end(self, setting: tuple[int, int], size: int, failed: bool, queue_length: int, arrived_s: list[float]) -> None:
        now = time.monotonic()
        self._batches.append(
            {
                "begin_s": self.running_since_s,
                "end_s": now,
                "size": size,
                "max_batch": setting[0],
                "threads": setting[1],
                "first": setting != self._used,
                "failed": failed,
                "queue_length": queue_length,
                "latencies_s": [round(now - t, 6) for t in arrived_s],
            }
        )
        self._used = setting
        self._count += 1
        self.running_since_s = None

    def state(self) -> dict:
        batch, threads = self.setting
        return {"max_batch": batch, "threads": threads}

    def since(self, number: int, queue_length: int) -> dict:
        """Batches from `number` on, and what goes on now."""
        first = self._count - len(self._batches)
        new = list(self._batches)[max(0, number - first) :]
        return {
            "process": self._process,
            "now_s": time.monotonic(),
            "next": self._count,
            "lost": max(0, first - number),
            "batches": new,
            "queue_length": queue_length,
            "arrivals": self.arrivals,
            "running_since_s": self.running_since_s,
        }


class Batcher:
    """Groups requests into batches and runs them one after another in a worker thread."""

    def __init__(self, recognise: Callable[[int], Recogniser], control: Control, max_delay_s: float):
        self._recognise = recognise
        self.control = control
        self._max_delay_s = max_delay_s
        self._queue: asyncio.Queue = asyncio.Queue()
        self._batch: list = []
        self._worker = concurrent.futures.ThreadPoolExecutor(max_workers=1)

    @property
    def queue_length(self) -> int:
        return self._queue.qsize()

    async def read(self, png: bytes) -> tuple[str, float]:
        answer = asyncio.get_running_loop().create_future()
        self.control.arrivals += 1
        await self._queue.put((png, answer, time.monotonic()))
        return await answer

    async def run(self) -> None:
        try:
            while True:
                await self._fill()
                await self._answer(self._batch)
        finally:  # nobody waits for an answer that cannot come any more
            while not self._queue.empty():
                self._batch.append(self._queue.get_nowait())
            for _, answer, _ in self._batch:
                if not answer.done():
                    answer.set_exception(ConnectionError("the server stops"))

    async def _fill(self) -> None:
        loop = asyncio.get_running_loop()
        self._batch = batch = []
        batch.append(await self._queue.get())
        deadline = loop.time() + self._max_delay_s
        while len(batch) < self.control.setting[0]:
            if not self._queue.empty():
                batch.append(self._queue.get_nowait())
                continue
            left_s = deadline - loop.time()
            if left_s <= 0.0:
                break
            try:
                batch.append(await asyncio.wait_for(self._queue.get(), left_s))
            except asyncio.TimeoutError:
                break

    async def _answer(self, batch: list) -> None:
        loop = asyncio.get_running_loop()
        setting, failed = self.control.begin(), False
        try:
            texts = await loop.run_in_executor(self._worker, self._infer, setting[1], [png for png, _, _ in batch])
        except Exception as error:  # a broken image must not take the server down
            texts, failed = [error] * len(batch), True
        self.control.end(setting, len(batch), failed, self.queue_length, [t for _, _, t in batch])
        for (_, answer, _), text in zip(batch, texts, strict=True):
            if answer.done():  # the client has gone
                continue
            answer.set_exception(text) if isinstance(text, Exception) else answer.set_result(text)

    def _infer(self, threads: int, pngs: list[bytes]) -> list:
        recogniser = self._recognise(threads)
        tensors, places, answers = [], [], [None] * len(pngs)
        for i, png in enumerate(pngs):
            try:
                tensors.append(recogniser.tensor(Image.open(io.BytesIO(png))))
                places.append(i)
            except Exception as error:
                answers[i] = ValueError(f"image {i}: {error}")
        for i, answer in zip(places, recogniser.read_with_confidence(tensors) if tensors else [], strict=True):
            answers[i] = answer
        return answers


def images_of(body: object) -> list[bytes]:
    """The images of an inference request. Raises ValueError where it does not keep the protocol."""
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list) or len(body["inputs"]) != 1:
        raise ValueError("'inputs' must be a list of one tensor")
    tensor = body["inputs"][0]
    if not isinstance(tensor, dict) or tensor.get("name") != "image" or tensor.get("datatype") != "BYTES":
        raise ValueError("the input is 'image', datatype BYTES")
    data = tensor.get("data")
    if not isinstance(data, list) or not data or not all(isinstance(text, str) for text in data):
        raise ValueError("'data' must be a list of texts: images in base64")
    if tensor.get("shape") != [len(data)]:
        raise ValueError(f"'shape' is {tensor.get('shape')}, but there are {len(data)} images")
    return [base64.b64decode(text, validate=True) for text in data]


def outputs_of(body: dict, answers: list[tuple[str, float]]) -> list[dict]:
    """The outputs asked for; the text where none is. Raises ValueError for one that there is not."""
    asked = body.get("outputs", [{"name": "text"}])
    if not isinstance(asked, list) or not all(isinstance(each, dict) for each in asked):
        raise ValueError("'outputs' must be a list of objects")
    outputs = []
    for name in (each.get("name") for each in asked):
        if name not in ("text", "confidence"):
            raise ValueError(f"output {name!r}: there are 'text' and 'confidence'")
        data = [answer[name == "confidence"] for answer in answers]
        datatype = "BYTES" if name == "text" else "FP32"
        outputs.append({"name": name, "datatype": datatype, "shape": [len(data)], "data": data})
    return outputs


@web.middleware
async def errors_as_json(request: web.Request, handler: Callable) -> web.StreamResponse:
    """Every error is an object with the key 'error', as the protocol wants it."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return web.json_response({"error": f"{request.path}: {error.reason}"}, status=error.status)
    except ConnectionError as error:
        return web.json_response({"error": str(error)}, status=503)


def application(batcher: Batcher) -> web.Application:
    """The endpoints of the protocol: live, ready, metadata of server and model, infer."""

    def fixed(content: dict) -> Callable:
        async def handler(_: web.Request) -> web.Response:
            return web.json_response(content)

        return handler

    async def infer(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            images = images_of(body)
            outputs = outputs_of(body, await asyncio.gather(*(batcher.read(image) for image in images)))
        except ValueError as error:
            return web.json_response({"error": f"bad request: {error}"}, status=400)
        answer = {"model_name": MODEL, "model_version": VERSION, "outputs": outputs}
        if "id" in body:
            answer["id"] = body["id"]
        return web.json_response(answer)

    async def state(_: web.Request) -> web.Response:
        return web.json_response(batcher.control.state())

    async def control(request: web.Request) -> web.Response:
        try:
            batcher.control.set(await request.json())
        except ValueError as error:
            return web.json_response({"error": f"bad request: {error}"}, status=400)
        return await state(request)

    async def batches(request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isdecimal():
            return web.json_response({"error": f"since: {since!r} is no number"}, status=400)
        return web.json_response(batcher.control.since(int(since), batcher.queue_length))

    tensor = {"datatype": "BYTES", "shape": [-1]}
    model = {
        "name": MODEL,
        "versions": [VERSION],
        "platform": "onnxruntime",
        "inputs": [{"name": "image", **tensor}],
        "outputs": [{"name": "text", **tensor}, {"name": "confidence", "datatype": "FP32", "shape": [-1]}],
    }
    app = web.Application(client_max_size=16 * 1024 * 1024, middlewares=[errors_as_json])
    app.router.add_get("/v2", fixed({"name": "recognition", "version": VERSION, "extensions": []}))
    app.router.add_get("/v2/health/live", fixed({"live": True}))
    app.router.add_get("/v2/health/ready", fixed({"ready": True}))  # it listens only once the network is loaded
    for path in (f"/v2/models/{MODEL}", f"/v2/models/{MODEL}/versions/{VERSION}"):
        app.router.add_get(path, fixed(model))
        app.router.add_get(f"{path}/ready", fixed({"name": MODEL, "ready": True}))
        app.router.add_post(f"{path}/infer", infer)
    app.router.add_get("/v2/control", state)
    app.router.add_post("/v2/control", control)
    app.router.add_get("/v2/control/batches", batches)
    return app


async def serve(args: argparse.Namespace) -> None:
    @functools.cache  # a session a number of threads: the runtime fixes it when it loads the network
    def recognise(threads: int) -> Recogniser:
        return Recogniser(threads, args.spinning == "true", args.arena == "true", args.optimisation, args.network)

    recognise(args.threads)
    batcher = Batcher(recognise, Control(args.max_batch, args.threads), args.max_delay_ms / 1000)
    runner = web.AppRunner(application(batcher), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", args.port).start()
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    work = asyncio.create_task(batcher.run())
    await stop.wait()
    work.cancel()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1, help="intra-op threads of the runtime")
    parser.add_argument("--max-batch", type=int, default=1)
    parser.add_argument("--max-delay-ms", type=float, default=2.0)
    parser.add_argument("--spinning", choices=("true", "false"), default="true")
    parser.add_argument("--arena", choices=("true", "false"), default="true")
    parser.add_argument("--optimisation", choices=("none", "basic", "all"), default="all")
    parser.add_argument("--network", choices=sorted(NETWORKS), default="PP-OCRv4-mobile")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
