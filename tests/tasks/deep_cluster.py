"""DeepCluster."""

from kerassl import models, pretext
from tasks.parts.images import images, small_resnet
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.DeepCluster
KILLED = Killed(
    "deep_cluster_fashion",
    PLAIN_CNN | {"model.num_clusters": 5, "model.uniform_sampling": True},
    ("labels", "cluster_sizes"),
)


def task():
    def make(dtype="float32"):
        # Four steps a pass, so that a run resumed at step 3 begins within one
        # and ends in the next.
        view = pretext.RandomView(8, crop_scale=(0.4, 1.0), jit_compile=False)
        encoder = small_resnet(dtype)
        # The block begins as nothing and the classifier near zero: in these few
        # steps the gradient of a weight of 1 would be lost in its rounding.
        last = encoder.get_layer("stage1_block1_last_bn")
        last.gamma.assign(last.gamma + 1.0)
        return models.DeepCluster(encoder, view, num_examples=48, num_clusters=5)

    return make, images(), 12
