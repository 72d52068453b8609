"""The temperatures of a student and its teacher."""

from keras import ops

from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidValue


def check_temperatures(student, teacher, first, steps):
    """Raises unless temperatures are above 0 and the teacher's below the student's.

    Args:
        student: What was given as `student_temperature`.
        teacher: As `teacher_temperature`.
        first: As `warmup_teacher_temperature`, a number or None.
        steps: As `warmup_steps`.

    Example:
        >>> check_temperatures(0.1, 0.2, None, 0)
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `teacher_temperature` must be below \
`student_temperature`, 0.1. Received: 0.2
    """
    check_number("student_temperature", student, above=0)
    check_number("teacher_temperature", teacher, above=0)
    if first is not None:
        check_number("warmup_teacher_temperature", first, above=0)
    check_integer("warmup_steps", steps, least=0)
    if (first is None) != (steps == 0):
        raise InvalidValue(
            "`warmup_steps` must be above 0 with `warmup_teacher_temperature`, and "
            f"0 without. Received: {steps} and {first}"
        )
    sharpest = max(teacher, first or 0)
    if sharpest >= student:
        raise InvalidValue(
            f"`teacher_temperature` must be below `student_temperature`, {student}. "
            f"Received: {sharpest}"
        )


def warmed_up(step, first, last, steps):
    """Returns a temperature that goes evenly from `first` to `last`.

    Args:
        step: Steps that are done, an integer scalar tensor.
        first: The temperature of step 0, or None for `last` from the beginning.
        last: That from `steps` on.
        steps: How many steps it takes.

    Returns:
        Float32 scalar tensor.

    Example:
        >>> [round(float(warmed_up(step, 0.1, 0.2, 4)), 3) for step in (0, 2, 9)]
        [0.1, 0.15, 0.2]
    """
    last = ops.convert_to_tensor(last, "float32")
    if first is None or steps == 0:
        return last
    share = ops.cast(step, "float32") / steps
    return first + (last - first) * ops.clip(share, 0.0, 1.0)
