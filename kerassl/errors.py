"""What went wrong, where the user can mend it.

Everything that kerassl refuses is a `UserError`, and also the built-in error of
its kind, so that `except ValueError` keeps working. The command line tells such
an error in one line and exits with 2; any other error is a fault of the program.
Errors of files (`OSError`) are told likewise, whoever raises them.

Example:
    >>> issubclass(InvalidValue, UserError), issubclass(InvalidValue, ValueError)
    (True, True)
"""


class UserError(Exception):
    """An argument, a file or a record that the user can mend.

    The message is one line: the argument, what was expected, what came.
    """


class InvalidValue(UserError, ValueError):
    """An argument or a file of the right type holds a value that is refused."""


class InvalidType(UserError, TypeError):
    """An argument is of a type that is refused."""


class MissingPackage(UserError, ImportError):
    """A module that the user asked for, or an optional package, is not there."""


class TrainingDiverged(RuntimeError):
    """The loss became NaN or infinite.

    Attributes:
        step: The step in which it was seen.
        checkpoint: Path of the last good checkpoint, or None.
    """

    def __init__(self, step: int, loss: float, checkpoint=None):
        self.step = step
        self.checkpoint = checkpoint
        where = (
            f"The last good checkpoint is {checkpoint}."
            if checkpoint
            else "There is no checkpoint before it."
        )
        super().__init__(
            f"The loss became {loss} at step {step}. {where} Lower the learning rate, "
            "clip gradients (`global_clipnorm`), or check the data for NaN."
        )
