"""A real inference server: KServe v2 over HTTP, with dynamic batching, around the text-recognition network.

One batch runs at a time. While it runs, requests queue; the next batch takes up to --max-batch of them, waiting at
most --max-delay-ms for more. An image is one BYTES element: a PNG in base64.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import concurrent.futures
import io
import signal
from collections.abc import Callable

from aiohttp import web
from PIL import Image

from recogniser import Recogniser

MODEL = "recognise"
VERSION = "1"


class Batcher:
    """Groups requests into batches and runs them one after another in a worker thread."""

    def __init__(self, recogniser: Recogniser, max_batch: int, max_delay_s: float):
        self._recogniser = recogniser
        self._max_batch = max_batch
        self._max_delay_s = max_delay_s
        self._queue: asyncio.Queue = asyncio.Queue()
        self._batch: list = []
        self._worker = concurrent.futures.ThreadPoolExecutor(max_workers=1)

    async def read(self, png: bytes) -> str:
        answer = asyncio.get_running_loop().create_future()
        await self._queue.put((png, answer))
        return await answer

    async def run(self) -> None:
        try:
            while True:
                await self._fill()
                await self._answer(self._batch)
        finally:  # nobody waits for an answer that cannot come any more
            while not self._queue.empty():
                self._batch.append(self._queue.get_nowait())
            for _, answer in self._batch:
                if not answer.done():
                    answer.set_exception(ConnectionError("the server stops"))

    async def _fill(self) -> None:
        loop = asyncio.get_running_loop()
        self._batch = batch = []
        batch.append(await self._queue.get())
        deadline = loop.time() + self._max_delay_s
        while len(batch) < self._max_batch:
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
        try:
            texts = await loop.run_in_executor(self._worker, self._infer, [png for png, _ in batch])
        except Exception as error:  # a broken image must not take the server down
            texts = [error] * len(batch)
        for (_, answer), text in zip(batch, texts, strict=True):
            if answer.done():  # the client has gone
                continue
            answer.set_exception(text) if isinstance(text, Exception) else answer.set_result(text)

    def _infer(self, pngs: list[bytes]) -> list:
        tensors, places, answers = [], [], [None] * len(pngs)
        for i, png in enumerate(pngs):
            try:
                tensors.append(self._recogniser.tensor(Image.open(io.BytesIO(png))))
                places.append(i)
            except Exception as error:
                answers[i] = ValueError(f"image {i}: {error}")
        for i, text in zip(places, self._recogniser.read(tensors) if tensors else [], strict=True):
            answers[i] = text
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
            texts = await asyncio.gather(*(batcher.read(image) for image in images))
        except ValueError as error:
            return web.json_response({"error": f"bad request: {error}"}, status=400)
        output = {"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": texts}
        answer = {"model_name": MODEL, "model_version": VERSION, "outputs": [output]}
        if "id" in body:
            answer["id"] = body["id"]
        return web.json_response(answer)

    tensor = {"datatype": "BYTES", "shape": [-1]}
    model = {
        "name": MODEL,
        "versions": [VERSION],
        "platform": "onnxruntime",
        "inputs": [{"name": "image", **tensor}],
        "outputs": [{"name": "text", **tensor}],
    }
    app = web.Application(client_max_size=16 * 1024 * 1024, middlewares=[errors_as_json])
    app.router.add_get("/v2", fixed({"name": "recognition", "version": VERSION, "extensions": []}))
    app.router.add_get("/v2/health/live", fixed({"live": True}))
    app.router.add_get("/v2/health/ready", fixed({"ready": True}))  # it listens only once the network is loaded
    for path in (f"/v2/models/{MODEL}", f"/v2/models/{MODEL}/versions/{VERSION}"):
        app.router.add_get(path, fixed(model))
        app.router.add_get(f"{path}/ready", fixed({"name": MODEL, "ready": True}))
        app.router.add_post(f"{path}/infer", infer)
    return app


async def serve(args: argparse.Namespace) -> None:
    recogniser = Recogniser(args.threads, args.spinning == "true", args.arena == "true", args.optimisation)
    batcher = Batcher(recogniser, args.max_batch, args.max_delay_ms / 1000)
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
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
