"""The example's server: dynamic batching, and the KServe v2 protocol as a client sees it."""

from __future__ import annotations

import asyncio
import base64
import io
import pathlib
import sys
import threading

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("onnxruntime")
from aiohttp.test_utils import TestClient, TestServer  # noqa: E402
from PIL import Image  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "recognition"))
server = pytest.importorskip("server")


class Widths:
    """Stands in for the network: reads an image as its width, half certain, and notes which batches it was given."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.threads: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def with_threads(self, threads: int) -> Widths:
        self.threads.append(threads)
        return self

    def tensor(self, image: Image.Image) -> int:
        return image.width

    def read_with_confidence(self, tensors: list[int]) -> list[tuple[str, float]]:
        self.gate.wait(10)
        self.batches.append([str(t) for t in tensors])
        return [(text, 0.5) for text in self.batches[-1]]


def png(width: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, 2)).save(out, "PNG")
    return out.getvalue()


def run(scenario, max_batch: int = 4, max_delay_s: float = 0.05):
    async def main():
        network = Widths()
        batcher = server.Batcher(network.with_threads, server.Control(max_batch, 1), max_delay_s)
        work = asyncio.create_task(batcher.run())
        try:
            return await scenario(batcher, network)
        finally:
            network.gate.set()
            work.cancel()

    return asyncio.run(asyncio.wait_for(main(), 20))


def test_what_waits_while_a_batch_runs_makes_the_next_one():
    async def scenario(batcher, network):
        network.gate.clear()
        first = asyncio.create_task(batcher.read(png(1)))
        await asyncio.sleep(0.2)  # its delay is over: it runs alone, and waits at the gate
        rest = [asyncio.create_task(batcher.read(png(w))) for w in range(2, 9)]
        await asyncio.sleep(0.1)
        network.gate.set()
        assert await asyncio.gather(first, *rest) == [(str(w), 0.5) for w in range(1, 9)]
        assert network.batches == [["1"], ["2", "3", "4", "5"], ["6", "7", "8"]]

    run(scenario)


def test_a_full_batch_does_not_wait_for_its_delay():
    async def scenario(batcher, network):
        begin = asyncio.get_running_loop().time()
        await asyncio.gather(*(batcher.read(png(w)) for w in (1, 2, 3, 4)))
        assert asyncio.get_running_loop().time() - begin < 5.0
        assert network.batches == [["1", "2", "3", "4"]]

    run(scenario, max_delay_s=10.0)


def test_without_delay_it_still_takes_what_is_there():
    async def scenario(batcher, network):
        await asyncio.gather(*(batcher.read(png(w)) for w in (1, 2, 3)))
        assert network.batches == [["1", "2", "3"]]

    run(scenario, max_delay_s=0.0)


def test_a_broken_image_fails_alone():
    async def scenario(batcher, network):
        answers = await asyncio.gather(
            batcher.read(png(1)), batcher.read(b"no image"), batcher.read(png(3)), return_exceptions=True
        )
        assert answers[0] == ("1", 0.5) and answers[2] == ("3", 0.5)
        assert isinstance(answers[1], ValueError)

    run(scenario)


def test_stopping_answers_those_who_wait():
    async def main():
        network = Widths()
        network.gate.clear()
        batcher = server.Batcher(network.with_threads, server.Control(1, 1), 0.0)
        work = asyncio.create_task(batcher.run())
        waiting = [asyncio.create_task(batcher.read(png(w))) for w in (1, 2, 3)]
        await asyncio.sleep(0.1)
        work.cancel()
        answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
        network.gate.set()
        assert all(isinstance(a, ConnectionError) for a in answers)

    asyncio.run(main())


def test_a_new_batch_size_and_thread_count_hold_from_the_next_batch_on():
    async def scenario(batcher, network):
        async with TestClient(TestServer(server.application(batcher))) as client:
            network.gate.clear()
            first = [asyncio.create_task(batcher.read(png(w))) for w in (1, 2, 3, 4)]
            await asyncio.sleep(0.2)  # they run
            rest = [asyncio.create_task(batcher.read(png(w))) for w in range(5, 10)]
            async with client.post("/v2/control", json={"max_batch": 2, "threads": 3}) as answer:
                assert await answer.json() == {"max_batch": 2, "threads": 3}
            async with client.get("/v2/control/batches?since=0") as answer:
                now = await answer.json()
                assert now["batches"] == [] and now["running_since_s"] < now["now_s"] and now["arrivals"] == 9
            network.gate.set()
            await asyncio.gather(*first, *rest)
            assert [len(b) for b in network.batches] == [4, 2, 2, 1]
            assert network.threads == [1, 3, 3, 3]
            async with client.get("/v2/control/batches?since=1") as answer:
                later = await answer.json()
            assert [(b["size"], b["max_batch"], b["first"]) for b in later["batches"]] == [
                (2, 2, True),
                (2, 2, False),
                (1, 2, False),
            ]
            assert later["next"] == 4 and later["lost"] == 0
            assert all(len(b["latencies_s"]) == b["size"] for b in later["batches"])
            for wish in ({"max_batch": 0}, {"threads": 1.5}, {"max_batch": True}, {"batch": 1}, {}, [1]):
                async with client.post("/v2/control", json=wish) as answer:
                    assert answer.status == 400, wish
            async with client.post("/v2/control", json={"release": True}) as answer:
                assert await answer.json() == {"max_batch": 4, "threads": 1}

    run(scenario)


def test_a_lease_that_nobody_renews_runs_out():
    async def scenario(batcher, _):
        batcher.control.set({"max_batch": 1, "lease_s": 0.1})
        assert batcher.control.setting == (1, 1)
        while batcher.control.setting != (4, 1):
            await asyncio.sleep(0.01)

    run(scenario)


def ask(images: list[str], **changes: object) -> dict:
    tensor = {"name": "image", "datatype": "BYTES", "shape": [len(images)], "data": images} | changes
    return {"id": "7", "inputs": [tensor]}


def test_the_protocol():
    async def scenario(batcher, _):
        async with TestClient(TestServer(server.application(batcher))) as client:

            async def get(path: str, status: int = 200) -> dict:
                async with client.get(path) as answer:
                    assert answer.status == status, path
                    return await answer.json()

            assert await get("/v2/health/live") == {"live": True}
            assert await get("/v2/health/ready") == {"ready": True}
            assert {"name", "version", "extensions"} <= set(await get("/v2"))
            for path in ("/v2/models/recognise", "/v2/models/recognise/versions/1"):
                metadata = await get(path)
                assert metadata["name"] == "recognise" and metadata["versions"] == ["1"]
                assert metadata["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
                assert [(o["name"], o["datatype"]) for o in metadata["outputs"]] == [
                    ("text", "BYTES"),
                    ("confidence", "FP32"),
                ]
                assert (await get(path + "/ready"))["ready"] is True
                data = [base64.b64encode(png(w)).decode() for w in (5, 6)]
                async with client.post(path + "/infer", json=ask(data)) as answer:
                    assert answer.status == 200
                    assert await answer.json() == {
                        "model_name": "recognise",
                        "model_version": "1",
                        "id": "7",
                        "outputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "data": ["5", "6"]}],
                    }
            assert "error" in await get("/v2/models/other", 404)
            good = base64.b64encode(png(5)).decode()
            for bad in (
                [], {}, {"inputs": []}, ask([]), ask(["?"]), ask([good], shape=[2]), ask([good], datatype="FP32"),
                ask([good], name="x"), ask([base64.b64encode(b"no image").decode()]), ask([good], data=[5]),
            ):  # fmt: skip
                async with client.post("/v2/models/recognise/infer", json=bad) as answer:
                    assert answer.status == 400 and "error" in await answer.json(), bad
            async with client.post("/v2/models/recognise/infer", data=b"{") as answer:
                assert answer.status == 400 and "error" in await answer.json()
            async with client.post("/v2/models/recognise/infer", json=ask([good])) as answer:
                assert answer.status == 200, "it survives all of that"

    run(scenario)
