"""Distillation: a small encoder learns the features of a larger, frozen one."""

from collections.abc import Sequence

import keras
from keras import ops

from kerassl import distribute
from kerassl.encoders.applications import check_encoder
from kerassl.encoders.pooling import ends, feature_model
from kerassl.errors import InvalidValue
from kerassl.layers.frozen import Frozen
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.distillation import normalized_squared_error
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


@keras.saving.register_keras_serializable(package="kerassl")
class Distillation(PretextModel):
    """Trains a small encoder to give the features of a teacher, without labels.

    Teacher and student see the same view of each image. A head takes the student's
    pooled features to the teacher's width, and the squared distance between both,
    scaled to length 1, is the loss. The teacher is any Keras encoder; it is copied,
    frozen and works in inference mode, and the one given stays as it is. What it
    gives is computed in each step, so it need not be stored for every view.

    In SimReg the head has hidden layers, which help, and views are weak: crops and
    flips. Here it is linear unless `hidden_dims` says otherwise.

    Args:
        encoder: The student, a functional `keras.Model` from images to a vector, a
            feature map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"image": ...},)`, such as
            `kerassl.pretext.RandomView`.
        teacher: A functional `keras.Model` that takes images of the same shape and
            range, such as `run.encoder`, or
            `keras.saving.load_model("encoder.keras")`.
        hidden_dims: Widths of the head's hidden layers, each batch-normalised.
        pooling: How features of both become one vector, as in
            `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `ProjectionHead` on the student, of no use afterwards.
        teacher: The `Frozen` copy of the teacher, with its pooling. It is saved with
            the task.

    Input:
        `{"image": images}`, as both encoders take them.

    Output:
        Tuple of two float tensors (batch, dim of the teacher): what the head gives,
        and the teacher's features.

    Logs:
        loss: Mean squared distance of vectors of length 1, from 0 to 4; 2 where
            their directions know nothing of each other.
        constant: The loss of the best answer that is the same for all images of the
            batch, the mean direction of the teacher's features. Features behind a
            ReLU have much in common, so it may be far below 2: only what is below it
            is learnt about images.

    Raises:
        ValueError: If a width is not a positive integer, the teacher takes another
            input than the encoder, or one of them is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import RandomView
        >>> teacher = resnet((8, 8, 1), depths=(1, 1), widths=(8, 16))
        >>> student = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> task = Distillation(student, RandomView(8), teacher=teacher)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    References:
        Romero et al., 2014, FitNets, https://arxiv.org/abs/1412.6550
        Navaneet et al., 2022, SimReg, https://arxiv.org/abs/2201.05131
    """

    tracked = ("constant",)
    baselines = {"constant": "the teacher's mean direction for every image"}

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        teacher,
        hidden_dims: Sequence[int] = (),
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        _check_teacher(teacher, encoder, pretext)
        self.pooling = pooling
        target = feature_model(teacher, pooling)
        self.teacher = Frozen(target, name="teacher")
        self.head = ProjectionHead(
            target.output_shape[-1],
            hidden_dims=hidden_dims,
            dtype=head_policy(encoder),
            name="head",
        )
        keep_untracked(
            self,
            _network=with_head(encoder, self.head, pooling),
            # Of the teacher before its pooling, so that it is pooled once.
            _teacher_config=keras.saving.serialize_keras_object(teacher),
        )
        self.built = True

    def propagate(self, x, training):
        predictions = self._network(x["image"], training=training)
        return predictions, ops.stop_gradient(self.teacher(x["image"]))

    def objective(self, x, y, outputs, training):
        return {"distillation": normalized_squared_error(*outputs)}

    def measures(self, x, y, outputs):
        targets = ops.normalize(distribute.all_gather(outputs[1]), axis=-1)
        # Of all directions the mean one is the nearest to all targets.
        mean = ops.mean(targets, axis=0)
        return {"constant": 2.0 - 2.0 * ops.sqrt(ops.sum(ops.square(mean)))}

    def loss_at_chance(self, batch_size):
        return 2.0

    def view(self, x):
        return x["image"]

    def get_config(self):
        return {
            **super().get_config(),
            "teacher": self._teacher_config,
            "hidden_dims": self.head.hidden_dims,
            "pooling": self.pooling,
        }


def _check_teacher(teacher, encoder, pretext):
    try:
        check_encoder(teacher, pretext)
    except InvalidValue as error:
        raise InvalidValue(str(error).replace("`encoder`", "`teacher`")) from error
    taken, wanted = (_shape(ends(network)[0]) for network in (teacher, encoder))
    if not _fit(taken, wanted):
        raise InvalidValue(
            "`teacher` must take the images that `encoder` takes. Received: a teacher "
            f"of {taken} and an encoder of {wanted}"
        )


def _shape(inputs):
    return keras.tree.map_structure(lambda x: tuple(x.shape[1:]), inputs)


def _fit(taken, wanted):
    """Tells whether shapes agree; None is any size."""
    if not isinstance(taken, tuple) or not isinstance(wanted, tuple):
        return False
    pairs = zip(taken, wanted, strict=False)
    return len(taken) == len(wanted) and all(
        a in (b, None) or b is None for a, b in pairs
    )
