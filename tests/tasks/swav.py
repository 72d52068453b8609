"""SwAV."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.SwAV
KILLED = Killed(
    "swav_digits",
    PLAIN_CNN
    | {
        "pretext.num_local_views": 1,
        "model.num_prototypes": 6,
        "model.freeze_steps": 1,
        "model.queue_size": 12,
    },
    ("sw_av/steps", "queue_view/rows", "queue_view/position", "prototypes/rows"),
)


def task():
    def make(dtype="float32"):
        # The queue is full, and used, after two of the steps.
        return swav(small_resnet(dtype), views(), queue_size=20)

    return make, images(), 16


def task_multi_crop():
    def make(dtype="float32"):
        encoder = encoders.plain_cnn(
            (None, None, 1), (8,), (2,), grid=1, dtype=dtype, name="encoder"
        )
        crops = pretext.MultiCrop(
            8, 4, num_local_views=1, blur_rate=0.0, jit_compile=False
        )
        return swav(encoder, crops)

    return make, images(), 16


def swav(encoder, crops, **options):
    sizes = {"projection_dim": 8, "hidden_dim": 12, "num_prototypes": 6}
    # As sharp as the paper's, the rounding of bfloat16 would be seen.
    soft = {"temperature": 0.5, "epsilon": 0.25, "freeze_steps": 1}
    return models.SwAV(encoder, crops, **sizes, **soft, **options)
