"""The text-recognition network (PP-OCRv4, as shipped by rapidocr-onnxruntime) as a function from images to strings."""

from __future__ import annotations

import importlib.util
import pathlib

import numpy as np
import onnxruntime
from PIL import Image

HEIGHT, WIDTH = 48, 320  # every image is padded to one size, so an answer does not depend on its batch


def packaged_file(package: str, relative: str) -> pathlib.Path:
    """Path of a data file inside an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package}: not installed; run ./examples/run, which installs it")
    return pathlib.Path(spec.submodule_search_locations[0]) / relative


class Recogniser:
    """Reads one line of text per image.

    threads: intra-op threads. spinning: whether idle worker threads burn CPU while they wait for work.
    arena: whether the runtime keeps freed memory. optimisation: graph optimisation level.
    """

    def __init__(self, threads: int, spinning: bool = True, arena: bool = True, optimisation: str = "all"):
        levels = onnxruntime.GraphOptimizationLevel
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = arena
        options.graph_optimization_level = {
            "none": levels.ORT_DISABLE_ALL,
            "basic": levels.ORT_ENABLE_BASIC,
            "all": levels.ORT_ENABLE_ALL,
        }[optimisation]
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
        network = packaged_file("rapidocr_onnxruntime", "models/ch_PP-OCRv4_rec_infer.onnx")
        self._session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        characters = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._labels = ["", *characters, " "]  # label 0 is the blank of connectionist temporal classification

    @staticmethod
    def tensor(image: Image.Image) -> np.ndarray:
        """(3, 48, 320) float32 in [-1, 1], blue-green-red, padded with zeros on the right."""
        width = min(WIDTH, max(1, round(HEIGHT * image.width / image.height)))
        pixels = np.asarray(image.convert("RGB").resize((width, HEIGHT), Image.Resampling.BILINEAR), np.float32)
        padded = np.zeros((3, HEIGHT, WIDTH), np.float32)
        padded[:, :, :width] = pixels[:, :, ::-1].transpose(2, 0, 1) / 127.5 - 1.0
        return padded

    def read(self, tensors: list[np.ndarray]) -> list[str]:
        """One string per tensor."""
        (scores,) = self._session.run(None, {self._input: np.stack(tensors)})
        return [self._decode(best) for best in scores.argmax(axis=2)]

    def _decode(self, best: np.ndarray) -> str:
        keep = np.append(True, best[1:] != best[:-1]) & (best != 0)
        return "".join(self._labels[i] for i in best[keep])
