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

from aiohttp import web
from PIL import Image

from recogniser import Recogniser

MODEL = "recognise"


class Batcher:
    """Groups requests into batches and runs them one after another in a worker thread."""

    def __init__(self, recogniser: Recogniser, max_batch: int, max_delay_s: float):
        self._recogniser = recogniser
        self._max_batch = max_batch
        self._max_delay_s = max_delay_s
        self._queue: asyncio.Queue = asyncio.Queue()
        self._worker = concurrent.futures.ThreadPoolExecutor(max_workers=1)

    async def read(self, png: bytes) -> str:
        answer = asyncio.get_running_loop().create_future()
        await self._queue.put((png, answer))
        return await answer

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self._queue.get()]
            deadline = loop.time() + self._max_delay_s
            while len(batch) < self._max_batch:
                try:
                    batch.append(await asyncio.wait_for(self._queue.get(), max(0.0, deadline - loop.time())))
                except asyncio.TimeoutError:
                    break
            try:
                texts = await loop.run_in_executor(self._worker, self._infer, [png for png, _ in batch])
            except Exception as error:  # a broken image must not take the server down
                texts = [error] * len(batch)
            for (_, answer), text in zip(batch, texts, strict=True):
                if answer.cancelled():
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


def application(batcher: Batcher) -> web.Application:
    async def ready(_: web.Request) -> web.Response:
        return web.json_response({"ready": True})

    async def metadata(_: web.Request) -> web.Response:
        tensor = {"datatype": "BYTES", "shape": [-1]}
        return web.json_response(
            {
                "name": MODEL,
                "platform": "onnxruntime",
                "inputs": [{"name": "image", **tensor}],
                "outputs": [{"name": "text", **tensor}],
            }
        )

    async def infer(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            images = [base64.b64decode(text, validate=True) for text in body["inputs"][0]["data"]]
            texts = await asyncio.gather(*(batcher.read(image) for image in images))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return web.json_response({"error": f"bad request: {error}"}, status=400)
        output = {"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": texts}
        return web.json_response({"model_name": MODEL, "id": body.get("id", ""), "outputs": [output]})

    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_get("/v2/health/ready", ready)
    app.router.add_get("/v2/health/live", ready)
    app.router.add_get(f"/v2/models/{MODEL}", metadata)
    app.router.add_get(f"/v2/models/{MODEL}/ready", ready)
    app.router.add_post(f"/v2/models/{MODEL}/infer", infer)
    return app


async def serve(args: argparse.Namespace) -> None:
    recogniser = Recogniser(args.threads, args.spinning == "true", args.arena == "true", args.optimisation)
    batcher = Batcher(recogniser, args.max_batch, args.max_delay_ms / 1000)
    runner = web.AppRunner(application(batcher), access_log=None)
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
