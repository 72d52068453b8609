"""A run that many tests use."""

import json

import pytest

import kerassl
from kerassl import data, zoo


@pytest.fixture(scope="session")
def images_run(tmp_path_factory):
    """A run on a folder of images of 8 pixels in two classes."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("images")
    images = data.digits().fetch(range(24)).numpy()
    for i, image in enumerate(images):
        path = folder / "photos" / ("even" if i % 2 == 0 else "odd") / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    spec = zoo.config("simclr_digits")
    spec["encoder"].update(widths=[8], strides=[2], grid=1)
    spec["recipe"].update(steps=2, batch_size=4)
    (folder / "tiny.json").write_text(json.dumps(spec))
    out, options = folder / "run", {"evaluate": False, "progress": False}
    return kerassl.pretrain(folder / "tiny.json", folder / "photos", out=out, **options)
