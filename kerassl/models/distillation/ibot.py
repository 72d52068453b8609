"""iBOT: DINO that also predicts what the teacher gives for hidden patches."""

import math

import keras
from keras import ops

from kerassl.checks import check_integer, check_number, check_positive_integers
from kerassl.encoders.blocks import open_encoder
from kerassl.errors import InvalidValue
from kerassl.layers.dino_head import DINOHead
from kerassl.layers.moving_average import MovingAverage
from kerassl.layers.moving_centre import MovingCentre
from kerassl.losses.distillation import (
    centred_softmax,
    cross_view_entropy,
    masked_patch_entropy,
)
from kerassl.models.crops import at_once, crops_of
from kerassl.models.distillation.own_teacher import OwnTeacher, mean_entropy
from kerassl.models.distillation.temperatures import check_temperatures
from kerassl.models.masked.patches import patch_embedding
from kerassl.models.skeleton import head_policy, keep_untracked


@keras.saving.register_keras_serializable(package="kerassl")
class IBOT(OwnTeacher):
    """Learns representations by distillation, of images and of their hidden patches.

    As in DINO the student, an encoder with a head, is to predict from each view the
    distribution that its moving average, the teacher, gives for another one, by their
    class tokens. Of the global views some patches are hidden from the student, a
    learnt token in their place; for these it is to predict what the teacher gives for
    the patch, which sees all. So the teacher is a tokenizer that learns with it. One
    head serves class token and patches.

    Two centres, of the class tokens' and of the patches' logits, keep the teacher's
    dimensions from winning for all, and a low temperature from becoming alike.

    The teacher's share kept in a step rises from `base_momentum` to 1 over
    `total_steps`, which must therefore be the steps that you train for.
    `kerassl.pretrain` sets it to those of the recipe, and `freeze_steps` to those of
    one pass over the data.

    Args:
        encoder: A Vision Transformer that gives all tokens, the class token first,
            such as `kerassl.encoders.vit`.
        pretext: A pretext layer that gives what `kerassl.pretext.MaskedCrops` does, of
            the encoder's size and patches.
        total_steps: Steps of the whole training, above 0.
        output_dim: Dimensions of the distributions. Small data need fewer than the
            default.
        hidden_dim: Width of the head's two hidden layers.
        bottleneck_dim: Dimensions before the head's last layer.
        student_temperature: Softmax temperature of the student, above 0.
        teacher_temperature: That of the teacher, above 0, lower than the student's.
        warmup_teacher_temperature: The teacher's in the first step, from which it
            goes evenly to `teacher_temperature`; None for the same. The paper goes
            from 0.04 to 0.07.
        warmup_steps: Steps that it takes, 0 or more; in the paper those of 30
            epochs.
        base_momentum: Share of the teacher kept in the first step, in [0, 1]. Short
            trainings need less than the default.
        centre_momentum: Share of the centres kept in a step, in [0, 1].
        freeze_steps: First steps in which the head's last layer gets no gradient, 0
            or more; in the authors' code those of one epoch.
        patch_weight: Weight of the patches' loss, 0 or more.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `DINOHead`, of no use after pretraining.
        teacher: The `MovingAverage` of encoder and head. `teacher_encoder` gives its
            encoder, which is the product in the paper.
        centre: The `MovingCentre` of the teacher's logits of class tokens.
        patch_centre: That of patches.

    Input:
        Dict as `kerassl.pretext.MaskedCrops` gives it.

    Output:
        Dict of lists: `"students"`, the logits of all views, global ones first, and
        `"targets"`, the teacher's distributions of the global ones, each a float
        tensor (batch, output_dim); `"patch_students"` and `"patch_targets"`, those of
        the global views' patches, each (batch, patches, output_dim).

    Logs:
        loss: Cross-entropy in nats: that of the class tokens, and `patch_weight` times
            that of the hidden patches, where an image without any counts 0. Where
            nothing is learnt it is log(output_dim) times 1 + `patch_weight` times the
            share of views in which patches are hidden.
        patch_loss: That of the hidden patches alone, of views that have some;
            log(output_dim) where nothing is learnt.
        teacher_entropy: That of the teacher's distributions of class tokens: near
            log(output_dim) or 0 it tells a collapse.

    Raises:
        ValueError: If a number is out of its range, the encoder is no such Vision
            Transformer, or `pretext` cuts other patches.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import vit
        >>> from kerassl.pretext import MaskedCrops
        >>> encoder = vit((8, 8, 1), 2, num_layers=1, num_heads=2, hidden_dim=8)
        >>> views = MaskedCrops(8, 4, 2, num_local_views=1, blur_rate=0.0)
        >>> sizes = {"output_dim": 16, "hidden_dim": 8, "bottleneck_dim": 8}
        >>> task = IBOT(encoder, views, total_steps=2, **sizes)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Zhou et al., 2021, https://arxiv.org/abs/2111.07832
    """

    tracked = ("patch_loss", "teacher_entropy")
    can_collapse = True
    run_arguments = {"total_steps": "steps", "freeze_steps": "batches_in_pass"}

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        total_steps: int,
        output_dim: int = 8192,
        hidden_dim: int = 2048,
        bottleneck_dim: int = 256,
        student_temperature: float = 0.1,
        teacher_temperature: float = 0.04,
        warmup_teacher_temperature: float | None = None,
        warmup_steps: int = 0,
        base_momentum: float = 0.996,
        centre_momentum: float = 0.9,
        freeze_steps: int = 0,
        patch_weight: float = 1.0,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        embedding = patch_embedding(encoder, pretext)
        if not embedding.use_class_token:
            raise InvalidValue("`encoder` must have a class token. Received none.")
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
        check_number("patch_weight", patch_weight, least=0)
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
        self.patch_weight = patch_weight
        self.head = DINOHead(
            output_dim,
            hidden_dims=(hidden_dim, hidden_dim),
            bottleneck_dim=bottleneck_dim,
            dtype=head_policy(encoder),
            name="head",
        )
        student = keras.Model(encoder.input, self.head(encoder.output))
        keep_untracked(
            self,
            _student=student,
            _parts=open_encoder(encoder),
            _embedding=embedding,
        )
        self.mask_token = self.add_weight(
            shape=(1, encoder.output_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="mask_token",
        )
        self.teacher = MovingAverage(student, name="teacher")
        self.centre = MovingCentre(output_dim, centre_momentum, name="centre")
        self.patch_centre = MovingCentre(
            output_dim, centre_momentum, name="patch_centre"
        )
        self.built = True

    def propagate(self, x, training):
        temperature = self.target_temperature
        frozen = ops.less(self.steps, self.freeze_steps)
        if training:
            self.teacher.follow(self._student, self.momentum)
        crops = crops_of(x)
        count = sum(view.startswith("view") for view in x)
        targets, patch_targets = self._targets(crops[:count], temperature, training)
        masks = ops.concatenate([x[f"mask{i + 1}"] for i in range(count)])
        tokens = self._masked(ops.concatenate(crops[:count]), masks, training)
        tokens = self.head(tokens, frozen=frozen)
        students = ops.split(tokens[:, 0], count)
        if len(crops) > count:
            features = at_once(self._class_token, crops[count:], training)
            local = self.head(features, frozen=frozen)
            students += ops.split(local, len(crops) - count)
        return {
            "students": students,
            "targets": ops.split(targets, count),
            "patch_students": ops.split(tokens[:, 1:], count),
            "patch_targets": ops.split(patch_targets, count),
        }

    def objective(self, x, y, outputs, training):
        patches = [losses for losses, _ in self._patch_losses(x, outputs)]
        return {
            "class": cross_view_entropy(
                outputs["students"], outputs["targets"], self.student_temperature
            ),
            "patch": self.patch_weight * sum(patches) / len(patches),
        }

    def measures(self, x, y, outputs):
        losses, hidden = zip(*self._patch_losses(x, outputs), strict=True)
        return {
            "patch_loss": (ops.concatenate(losses), ops.concatenate(hidden)),
            "teacher_entropy": mean_entropy(outputs["targets"]),
        }

    def loss_at_chance(self, batch_size):
        share = getattr(self.pretext, "masked_share", 1.0)
        return math.log(self.output_dim) * (1.0 + self.patch_weight * share)

    def _targets(self, views, temperature, training):
        """Returns the teacher's distributions of class tokens and of patches."""
        logits = at_once(self.teacher, views, training)
        logits = ops.stop_gradient(ops.cast(logits, "float32"))
        rows = logits[:, 0], ops.reshape(logits[:, 1:], (-1, self.output_dim))
        centres = self.centre, self.patch_centre
        found = [
            centred_softmax(each, centre.centre.value, temperature)
            for each, centre in zip(rows, centres, strict=True)
        ]
        if training:
            # After the targets, which the authors' code centres by earlier batches.
            for each, centre in zip(rows, centres, strict=True):
                centre.follow(each)
        count = self._embedding.grid[0] * self._embedding.grid[1]
        return found[0], ops.reshape(found[1], (-1, count, self.output_dim))

    def _masked(self, images, masks, training):
        """Returns the states of images whose hidden patches are not seen."""
        tokens = self._parts.embed(images, training=training)
        places = self._embedding.positions(self._embedding.grid)[1:]
        unseen = ops.cast(self.mask_token + places, tokens.dtype)
        patches = ops.where(masks[..., None] > 0, unseen, tokens[:, 1:])
        tokens = ops.concatenate([tokens[:, :1], patches], axis=1)
        states = self._parts.run(tokens, training=training)
        return self._parts.norm(states, training=training)

    def _class_token(self, images, training):
        return self.encoder(images, training=training)[:, 0]

    def _patch_losses(self, x, outputs):
        """Returns pairs for the views: each example's loss, and 1 if it has one."""
        pairs = zip(outputs["patch_students"], outputs["patch_targets"], strict=True)
        found = []
        for i, (student, target) in enumerate(pairs, start=1):
            mask = ops.cast(x[f"mask{i}"], "float32")
            losses = masked_patch_entropy(
                student, target, mask, self.student_temperature
            )
            found.append((losses, ops.max(mask, axis=-1)))
        return found

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
            "patch_weight": self.patch_weight,
        }
