"""DINO: predicting from every view what a slow copy tells of the large ones."""

import math

import keras
from keras import ops

from kerassl.checks import check_integer, check_number, check_positive_integers
from kerassl.encoders.pooling import feature_model
from kerassl.layers.dino_head import DINOHead
from kerassl.layers.moving_average import MovingAverage
from kerassl.layers.moving_centre import MovingCentre
from kerassl.losses.distillation import centred_softmax, cross_view_entropy
from kerassl.models.crops import at_once, check_sides, crops_of
from kerassl.models.distillation.own_teacher import OwnTeacher, mean_entropy
from kerassl.models.distillation.temperatures import check_temperatures
from kerassl.models.skeleton import head_policy, keep_untracked


@keras.saving.register_keras_serializable(package="kerassl")
class DINO(OwnTeacher):
    """Learns representations by distillation from its own moving average.

    Student and teacher are an encoder with a head that gives each view a
    distribution over `output_dim` dimensions, which mean nothing in advance. The
    teacher is the moving average of the student and sees the global views alone; the
    student sees all, and from each is to predict what the teacher gives for another
    one. Small local views so learn what the whole image shows.

    The teacher's logits are centred, so that no dimension wins for all images, and
    sharpened by a low temperature, so that not all dimensions become alike. Whether
    that worked is in the logs: see below.

    The teacher's share kept in a step rises from `base_momentum` to 1 over
    `total_steps`, which must therefore be the steps that you train for.
    `kerassl.pretrain` sets it to those of the recipe, and `freeze_steps` to those of
    one pass over the data.

    Views of one shape pass the network together, as in the authors' code: batch
    normalisation, if the encoder has any, sees them as one batch.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature map or
            tokens, which are averaged. In the paper it is a ViT whose class token
            counts: `encoders.vit_small(output="class_token")`, or `pooling="cls"`.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...,
            "local1": ...},)`, such as `kerassl.pretext.MultiCrop`, or
            `kerassl.pretext.TwoViews` for no local views.
        total_steps: Steps of the whole training, above 0.
        output_dim: Dimensions of the distributions, the paper's K. Small data need
            fewer than the default.
        hidden_dim: Width of the head's two hidden layers.
        bottleneck_dim: Dimensions before the head's last layer.
        student_temperature: Softmax temperature of the student, above 0.
        teacher_temperature: That of the teacher, above 0, lower than the student's.
        warmup_teacher_temperature: The teacher's in the first step, from which it
            goes evenly to `teacher_temperature`; None for the same. The paper's best
            go from 0.04 to 0.07.
        warmup_steps: Steps that it takes, 0 or more; in the paper those of 30
            epochs.
        base_momentum: Share of the teacher kept in the first step, in [0, 1]. Short
            trainings need less than the default.
        centre_momentum: Share of the centre kept in a step, in [0, 1].
        freeze_steps: First steps in which the head's last layer gets no gradient, 0
            or more; in the paper those of one epoch. Adam counts them, so its first
            step afterwards is larger than the rate, 1.6 times after 50 steps and 5.6
            times after 1,251.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `DINOHead`, of no use after pretraining.
        teacher: The `MovingAverage` of encoder and head. `teacher_encoder` gives its
            encoder, which is the product in the paper.
        centre: The `MovingCentre` of the teacher's logits.

    Input:
        Dict of images as the encoder takes them: global views `"view1"`,
        `"view2"`, ..., and local views `"local1"`, ... if there are any.

    Output:
        Dict of lists: `"students"`, the logits of all views, global ones first,
        and `"targets"`, the teacher's distributions of the global ones; each a
        float tensor (batch, output_dim).

    Logs:
        loss: Cross-entropy in nats, the sum of the two that follow. log(output_dim)
            where nothing is learnt, and where training has collapsed to uniform
            distributions.
        teacher_entropy: That of the teacher's distributions. With a divergence of 0
            it tells a collapse: log(output_dim) is all dimensions alike, 0 is one
            dimension for all images.
        divergence: Kullback-Leibler divergence of student from teacher.

    Raises:
        ValueError: If a number is out of its range, the encoder is not functional,
            or takes one size of image and the pretext layer makes others.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import vit
        >>> from kerassl.pretext import MultiCrop
        >>> encoder = vit((8, 8, 1), patch_size=2, num_layers=1, num_heads=2,
        ...               hidden_dim=8)
        >>> views = MultiCrop(8, 4, num_local_views=2, blur_rate=0.0)
        >>> task = DINO(encoder, views, total_steps=2, output_dim=32, hidden_dim=16,
        ...             bottleneck_dim=8, pooling="cls")
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Caron et al., 2021, https://arxiv.org/abs/2104.14294
    """

    views = ("view1", "view2")
    tracked = ("teacher_entropy", "divergence")
    can_collapse = True
    run_arguments = {"total_steps": "steps", "freeze_steps": "batches_in_pass"}

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        total_steps: int,
        output_dim: int = 65536,
        hidden_dim: int = 2048,
        bottleneck_dim: int = 256,
        student_temperature: float = 0.1,
        teacher_temperature: float = 0.04,
        warmup_teacher_temperature: float | None = None,
        warmup_steps: int = 0,
        base_momentum: float = 0.996,
        centre_momentum: float = 0.9,
        freeze_steps: int = 0,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_positive_integers(
            total_steps=total_steps,
            output_dim=output_dim,
            hidden_dim=hidden_dim,
            bottleneck_dim=bottleneck_dim,
        )
        check_temperatures(
            student_temperature,
            teacher_temperature,
            warmup_teacher_temperature,
            warmup_steps,
        )
        check_number("base_momentum", base_momentum, least=0, most=1)
        check_number("centre_momentum", centre_momentum, least=0, most=1)
        check_integer("freeze_steps", freeze_steps, least=0)
        check_sides(encoder, pretext)
        self.total_steps = total_steps
        self.output_dim = output_dim
        self.hidden_dim = hidden_dim
        self.bottleneck_dim = bottleneck_dim
        self.student_temperature = student_temperature
        self.teacher_temperature = teacher_temperature
        self.warmup_teacher_temperature = warmup_teacher_temperature
        self.warmup_steps = warmup_steps
        self.base_momentum = base_momentum
        self.centre_momentum = centre_momentum
        self.freeze_steps = freeze_steps
        self.pooling = pooling
        self.head = DINOHead(
            output_dim,
            hidden_dims=(hidden_dim, hidden_dim),
            bottleneck_dim=bottleneck_dim,
            dtype=head_policy(encoder),
            name="head",
        )
        features = feature_model(encoder, pooling)
        student = keras.Model(features.input, self.head(features.output))
        keep_untracked(self, _features=features, _student=student)
        self.teacher = MovingAverage(student, name="teacher")
        self.centre = MovingCentre(output_dim, centre_momentum, name="centre")
        self.built = True

    def propagate(self, x, training):
        temperature = self.target_temperature
        frozen = ops.less(self.steps, self.freeze_steps)
        if training:
            self.teacher.follow(self._student, self.momentum)
        crops = crops_of(x, len(self.views))
        views = [view for view in x if view.startswith("view")]
        logits = at_once(self.teacher, crops[: len(views)], training)
        logits = ops.stop_gradient(ops.cast(logits, "float32"))
        targets = centred_softmax(logits, self.centre.centre.value, temperature)
        if training:
            # After the targets, which the paper's code centres by earlier batches.
            self.centre.follow(logits)
        features = at_once(self._features, crops, training)
        students = self.head(features, frozen=frozen)
        return {
            "students": ops.split(students, len(crops)),
            "targets": ops.split(targets, len(views)),
        }

    def objective(self, x, y, outputs, training):
        return {"dino": self._cross_entropy(outputs)}

    def measures(self, x, y, outputs):
        entropy = mean_entropy(outputs["targets"])
        divergence = self._cross_entropy(outputs) - entropy
        return {"teacher_entropy": entropy, "divergence": divergence}

    def loss_at_chance(self, batch_size):
        return math.log(self.output_dim)

    def _cross_entropy(self, outputs):
        return cross_view_entropy(
            outputs["students"], outputs["targets"], self.student_temperature
        )

    def get_config(self):
        return {
            **super().get_config(),
            "total_steps": self.total_steps,
            "output_dim": self.output_dim,
            "hidden_dim": self.hidden_dim,
            "bottleneck_dim": self.bottleneck_dim,
            "student_temperature": self.student_temperature,
            "teacher_temperature": self.teacher_temperature,
            "warmup_teacher_temperature": self.warmup_teacher_temperature,
            "warmup_steps": self.warmup_steps,
            "base_momentum": self.base_momentum,
            "centre_momentum": self.centre_momentum,
            "freeze_steps": self.freeze_steps,
            "pooling": self.pooling,
        }
