"""What students share whose teacher is their own moving average, as DINO's."""

from keras import ops

from kerassl.layers.moving_average import cosine_momentum
from kerassl.models.base import PretextModel
from kerassl.models.distillation.temperatures import warmed_up
from kerassl.models.skeleton import averaged_encoder


class OwnTeacher(PretextModel):
    """A task whose teacher's momentum and temperature go by the steps it has seen.

    A subclass sets `total_steps`, `base_momentum`, `teacher_temperature`,
    `warmup_teacher_temperature` and `warmup_steps`, its network `_student` and, as
    `teacher`, the `MovingAverage` of that.
    """

    @property
    def steps(self):
        """Integer scalar, the training steps that the teacher has seen begin."""
        return self.teacher.updates.value

    @property
    def momentum(self):
        """Float32 scalar, the share of the teacher that the next step keeps."""
        # The paper's step updates the weights, then the teacher; here the second
        # half happens at the beginning of the next step.
        return cosine_momentum(self.steps - 1, self.total_steps, self.base_momentum)

    @property
    def target_temperature(self):
        """Float32 scalar, the teacher's temperature in the next step."""
        first, last = self.warmup_teacher_temperature, self.teacher_temperature
        return warmed_up(self.steps, first, last, self.warmup_steps)

    def teacher_encoder(self):
        """Returns a copy of the encoder with the teacher's weights as they are now.

        Returns:
            A `keras.Model` like `encoder`.
        """
        return averaged_encoder(self.encoder, self._student, self.teacher)

    def encoders(self):
        return {**super().encoders(), "teacher_encoder": self.teacher_encoder()}


def mean_entropy(distributions):
    """Returns the entropy of each example, the mean over its views.

    Args:
        distributions: List of float tensors (batch, dim), one for each view.
    """
    return sum(map(_entropy, distributions)) / len(distributions)


def _entropy(probabilities):
    logs = ops.log(ops.maximum(probabilities, 1e-37))
    return -ops.sum(probabilities * logs, axis=-1)
