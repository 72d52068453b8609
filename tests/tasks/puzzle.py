"""The classifier of puzzles, on each of them."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images, small_resnet
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.Puzzle
KILLED = Killed("rotation_digits", PLAIN_CNN)


def task():
    def make(dtype="float32"):
        layer = pretext.Rotation(8, crop_scale=(0.6, 1.0), jit_compile=False)
        encoder = small_resnet(dtype)
        # The block begins as nothing: in these few steps the gradient of a weight of 1
        # would be lost in its rounding.
        last = encoder.get_layer("stage1_block1_last_bn")
        last.gamma.assign(last.gamma + 1.0)
        return models.Puzzle(encoder, layer, hidden_dims=())

    return make, images(), 16


def task_relative_position():
    def make(dtype="float32"):
        layer = pretext.RelativePosition(16, 4, 1, 0, 2, jit_compile=False)
        return models.Puzzle(_of_any_size(dtype), layer, hidden_dims=(8,))

    return make, images(), 16


def task_jigsaw():
    def make(dtype="float32"):
        layer = pretext.Jigsaw(15, 4, jit_compile=False)
        return models.Puzzle(_of_any_size(dtype), layer, hidden_dims=(8,))

    return make, images(), 16


def _of_any_size(dtype):
    return encoders.plain_cnn((None, None, 1), (6,), (1,), grid=1, dtype=dtype)
