"""Twenty-nine cheap features of a picture, for choosing the network that it needs (bayestuner.selection).

    features = image_features(pixels)          # (29,), in the order of image_feature_names

Needs a build with OpenCV (BAYESTUNER_WITH_OPENCV). Without it everything else of bayestuner works, is_available is
False, reason says why, and image_features() raises ImportError with that reason. OpenCV is loaded with this module, not
before. The definitions, frozen under image_features_version, stand in include/bayestuner/images/image_features.hpp.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np
import numpy.typing as npt

import bayestuner._bayestuner  # noqa: F401  (its exceptions)

__all__ = ["image_feature_names", "image_features", "image_features_version", "is_available", "reason"]

_compiled: Any = None
reason: str = ""
"""Why there are no features of pictures in this build; empty if there are."""
try:
    _compiled = importlib.import_module("bayestuner._bayestuner_images")
except ImportError as error:
    reason = (
        "bayestuner.images: this build is without OpenCV; build with BAYESTUNER_WITH_OPENCV=ON (Debian: "
        f"libopencv-features2d-dev libopencv-imgcodecs-dev) [{error}]"
    )

is_available: bool = _compiled is not None
"""Whether image_features() works in this build."""

_GROUPS = ("edge_length", "edge_angle")
image_feature_names: tuple[str, ...] = (
    "n_keypoints",
    "avg_brightness",
    "brightness_rms",
    "avg_perceived_brightness",
    "perceived_brightness_rms",
    "contrast",
    *(f"{group}{i}" for group in _GROUPS for i in range(1, 8)),
    "area_by_perim",
    "aspect_ratio",
    *(f"hue{i}" for i in range(1, 8)),
)
"""Names of the features, in their order."""

image_features_version: str = "image_features_v1"
"""Version of the definitions: features of different versions must not meet in one model."""


def image_features(
    image: npt.NDArray[np.uint8] | bytes | str | os.PathLike[str], *, work_size: int = 256
) -> npt.NDArray[np.float64]:
    """Return the features, shape (29,), float64.

    image: uint8 array (height, width), or (height, width, 1, 3 or 4) in the order red, green, blue, alpha (not looked
    at); or the bytes of an encoded picture; or the path of one (str, PathLike).
    work_size: a longer side is reduced by the smallest integer that brings it to so many pixels; 0: never.
    Raises ValueError for what is no picture (type, shape, zero size, bytes that cannot be decoded), OSError for a file
    that cannot be read, ImportError where the build has no OpenCV.
    """
    if _compiled is None:
        raise ImportError(reason)
    if isinstance(image, (bytes, bytearray, memoryview)):
        features = _compiled.of_bytes(bytes(image), work_size)
    elif isinstance(image, (str, os.PathLike)):
        features = _compiled.of_path(os.fspath(image), work_size)
    else:
        features = _compiled.of_array(_pixels(np.asarray(image)), work_size)
    return np.asarray(features, dtype=np.float64)


def _pixels(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """As (height, width, channels) with pixels side by side; a copy only where they are not."""
    if image.dtype != np.uint8:
        raise ValueError(f"image: dtype is {image.dtype}, allowed is uint8")
    if image.ndim == 2:
        image = image[:, :, np.newaxis]
    if image.ndim != 3:
        raise ValueError(f"image: shape is {image.shape}, allowed is (height, width) or (height, width, channels)")
    channels = image.shape[2]
    if image.strides[1:] != (channels, 1) or image.strides[0] < 0:
        image = np.ascontiguousarray(image)
    return image


image_features.features_version = image_features_version  # type: ignore[attr-defined]
