"""Presets small enough to build, and to train, many times."""

import copy

SIMCLR = {
    "name": "tiny",
    "summary": "SimCLR on digits",
    "modality": "image",
    "data": {"class": "kerassl.data.digits"},
    "encoder": {
        "class": "kerassl.encoders.resnet",
        "input_shape": [8, 8, 1],
        "depths": [1],
        "widths": [4],
    },
    "pretext": {"class": "kerassl.pretext.TwoViews", "size": 8, "blur_rate": 0.0},
    "model": {"class": "kerassl.models.SimCLR", "projection_dim": 4},
    "recipe": {"batch_size": 8, "steps": 2},
}


def simclr(channels=1, **sections):
    """Returns SimCLR on digits, some of its sections replaced."""
    spec = copy.deepcopy(SIMCLR)
    spec["encoder"]["input_shape"][-1] = channels
    return spec | sections
