"""Cuts the words out of a photographed page and writes them as KServe v2 requests with the answers expected.

The page is scikit-image's data/page.png, a photograph of print on warped paper; the words and their places in it were
read by eye. A word the network misreads under its reference settings is left out and reported: the check is there to
catch a configuration that changes answers, so it needs answers that are right to begin with.
"""

from __future__ import annotations

import base64
import io
import json
import sys

from PIL import Image

from recogniser import Recogniser, packaged_file

# (text, left, top, right, bottom) in pixels of the page.
WORDS = [
    ("Region-based", 5, 10, 144, 34),
    ("segmentation", 150, 12, 294, 34),
    ("first", 54, 48, 83, 64),
    ("determine", 89, 48, 160, 64),
    ("markers", 166, 49, 223, 65),
    ("the", 251, 49, 276, 65),
    ("coins", 282, 49, 318, 65),
    ("and", 323, 49, 349, 65),
    ("background.", 4, 64, 84, 83),
    ("These", 88, 67, 130, 83),
    ("markers", 132, 67, 189, 83),
    ("are", 192, 68, 216, 83),
    ("pixels", 219, 68, 260, 85),
    ("that", 263, 68, 292, 84),
    ("can", 320, 68, 344, 83),
    ("label", 346, 66, 377, 83),
    ("unambiguously", 5, 84, 103, 102),
    ("either", 132, 86, 173, 101),
    ("object", 180, 86, 223, 103),
    ("background.", 253, 86, 336, 103),
    ("Here,", 342, 85, 378, 102),
    ("the", 5, 101, 27, 117),
    ("markers", 30, 102, 86, 118),
    ("found", 115, 103, 154, 119),
    ("two", 207, 104, 234, 120),
    ("extreme", 238, 104, 297, 120),
    ("parts", 300, 104, 335, 122),
    ("histogram", 5, 116, 70, 135),
    ("grey", 88, 120, 119, 137),
    ("values:", 121, 120, 172, 138),
]


def main(path: str) -> None:
    page = Image.open(packaged_file("skimage", "data/page.png"))
    recogniser = Recogniser(threads=1)
    lines = []
    for text, *box in WORDS:
        word = page.crop(tuple(box))
        answer = recogniser.read([recogniser.tensor(word)])[0]
        if answer != text:
            print(f"left out: {text!r} is read as {answer!r}", file=sys.stderr)
            continue
        png = io.BytesIO()
        word.save(png, "PNG")
        data = [base64.b64encode(png.getvalue()).decode()]
        body = {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": data}]}
        lines.append(json.dumps({"body": body, "expect": [text]}) + "\n")
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(lines)
    print(f"{len(lines)} of {len(WORDS)} words of the page are read right; requests in {path}")


if __name__ == "__main__":
    main(sys.argv[1])
