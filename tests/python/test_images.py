"""bayestuner.images: what Python adds to the compiled features (their values are tested in tests/images)."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys

import numpy as np
import pytest

import bayestuner as bt
from bayestuner import images

needs_opencv = pytest.mark.skipif(not images.is_available, reason=images.reason)


@pytest.fixture
def picture() -> np.ndarray:
    rows, columns = np.mgrid[0:90, 0:130]
    return np.stack([rows * 2, columns, (rows * columns) % 256], axis=2).astype(np.uint8)


def named(features: np.ndarray) -> dict[str, float]:
    return dict(zip(images.image_feature_names, features, strict=True))


def test_the_names_are_the_papers():
    assert len(set(images.image_feature_names)) == 29
    assert images.image_feature_names[:2] == ("n_keypoints", "avg_brightness")


@needs_opencv
def test_names_and_version_are_those_of_the_compiled_module():
    from bayestuner import _bayestuner_images as compiled

    assert images.image_feature_names == compiled.image_feature_names
    assert images.image_features_version == compiled.image_features_version


@needs_opencv
def test_arrays_of_any_layout_give_the_same(picture):
    features = images.image_features(picture)
    assert features.shape == (29,) and features.dtype == np.float64 and np.isfinite(features).all()
    for other in (np.asfortranarray(picture), np.dstack([picture, picture[:, :, 0]])[:, :, :3], picture[::-1][::-1]):
        np.testing.assert_array_equal(images.image_features(other), features)
    np.testing.assert_array_equal(images.image_features(np.dstack([picture, picture[:, :, 1]])), features)
    np.testing.assert_array_equal(
        images.image_features(picture[5:60, 7:99]), images.image_features(picture[5:60, 7:99].copy())
    )
    grey = picture[:, :, 0]
    np.testing.assert_array_equal(images.image_features(grey), images.image_features(np.dstack([grey] * 3)))


@needs_opencv
def test_the_order_of_the_colours_is_red_green_blue():
    red = np.zeros((10, 10, 3), np.uint8)
    red[:, :, 0] = 255
    assert named(images.image_features(red))["hue1"] == 1.0
    assert named(images.image_features(red))["avg_brightness"] == pytest.approx(76 / 255)


@needs_opencv
def test_encoded_bytes_and_files_give_what_the_array_gives(picture, tmp_path):
    ppm = b"P6\n130 90\n255\n" + picture.tobytes()
    features = images.image_features(picture)
    np.testing.assert_array_equal(images.image_features(ppm), features)
    path = tmp_path / "picture.ppm"
    path.write_bytes(ppm)
    np.testing.assert_array_equal(images.image_features(path), features)
    np.testing.assert_array_equal(images.image_features(str(path)), features)


@needs_opencv
def test_several_threads_at_once_give_the_same(picture):
    features = images.image_features(picture)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for other in pool.map(images.image_features, [picture] * 40):
            np.testing.assert_array_equal(other, features)


@needs_opencv
@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 4, 3)), "dtype is float64, allowed is uint8"),
        (np.zeros((4, 4, 2), np.uint8), "channels is 2, allowed is 1, 3 or 4"),
        (np.zeros((0, 4, 3), np.uint8), "height is 0"),
        (np.zeros((4, 0), np.uint8), "width is 0"),
        (np.zeros(4, np.uint8), r"shape is \(4,\)"),
        (b"\x00\x01", "2 bytes that cannot be decoded"),
        (b"", "empty"),
    ],
)
def test_what_is_no_picture_is_refused(image, words):
    with pytest.raises(
        bt.InvalidArgument if "dtype" not in words and "shape" not in words else ValueError, match=words
    ):
        images.image_features(image)


@needs_opencv
def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="nowhere.png"):
        images.image_features(tmp_path / "nowhere.png")


def test_without_opencv_one_clear_error_and_everything_else_works():
    program = """
import sys
sys.modules["bayestuner._bayestuner_images"] = None
from bayestuner import images
import bayestuner as bt
assert not images.is_available and bt.Space([bt.Integer("a", 1, 3)])
try:
    images.image_features(b"")
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "this build is without OpenCV" in done.stdout and "BAYESTUNER_WITH_OPENCV=ON" in done.stdout


def test_opencv_is_not_loaded_with_the_package():
    program = "import sys, bayestuner; print([m for m in sys.modules if 'images' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
