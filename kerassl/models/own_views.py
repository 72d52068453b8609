"""Views that a user brings: pairs of examples instead of augmented ones."""

from kerassl.errors import InvalidValue
from kerassl.pretext.base import PretextLayer


class OwnViews(PretextLayer):
    """Makes a batch of views that came with the data, without augmenting them.

    Two photographs of one thing, two channels of one recording, or views of an
    augmentation of one's own: they are scaled as a task's pretext layer scales an
    example for the encoder, and nothing else is done to them.

    Args:
        pretext: The task's `PretextLayer`, or None: then views are taken as they are.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input:
        Dict from the names of the views to raw examples (batch, ...) of one shape.

    Output:
        `({name: view},)`, each as the encoder takes it.

    Raises:
        ValueError: If views differ in shape, are none that `pretext` takes, or are
            integers where there is none.

    Example:
        >>> import numpy as np
        >>> from kerassl.pretext import TwoViews
        >>> views = {name: np.full((2, 8, 8, 1), 255, "uint8") for name in "ab"}
        >>> (made,) = OwnViews(TwoViews(4))(views, seed=None)
        >>> made["b"].shape, float(made["b"][0, 0, 0, 0])
        (TensorShape([2, 4, 4, 1]), 1.0)
    """

    def __init__(self, pretext, *, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.pretext = pretext

    def check(self, inputs):
        shapes = {name: tuple(view.shape[1:]) for name, view in inputs.items()}
        if len(set(shapes.values())) > 1:
            raise InvalidValue(f"Views must have one shape. Received: {shapes}")
        for view in inputs.values():
            if self.pretext is not None:
                self.pretext.check(view)
            elif "float" not in str(getattr(view.dtype, "name", view.dtype)):
                raise InvalidValue(
                    "Views must be floats as the encoder takes them, since this task "
                    "has no pretext layer that says how to scale others. Received: "
                    f"{getattr(view.dtype, 'name', view.dtype)}"
                )

    def call(self, inputs, seed):
        return ({name: self._ready(view) for name, view in inputs.items()},)

    @property
    def prepares(self):
        return self.pretext is None or self.pretext.prepares

    def prepare(self, inputs):
        """Returns the first view as the encoder takes it.

        Args:
            inputs: As for a call.
        """
        return self._ready(next(iter(inputs.values())))

    def _ready(self, view):
        return view if self.pretext is None else self.pretext.prepare(view)


def is_pair(task, x):
    """Returns whether a tuple, or the elements of a dataset, are a task's two views.

    Args:
        task: A `PretextModel`.
        x: Anything that `fit` takes.
    """
    parts = getattr(x, "element_spec", x)
    if not task.views or not isinstance(parts, tuple):
        return False
    if len(parts) != len(task.views) or not all(hasattr(p, "shape") for p in parts):
        return False
    ranks = {len(part.shape) for part in parts}
    return len(ranks) == 1 and len({str(part.dtype) for part in parts}) == 1


def as_views(task, examples):
    """Returns (examples, pretext layer): views by name, where they are a pair of them.

    Args:
        task: A `PretextModel`.
        examples: What its `dataset` takes.
    """
    if not is_pair(task, examples):
        return examples, task.pretext
    names = task.views
    if hasattr(examples, "element_spec"):
        named = examples.map(lambda *views: dict(zip(names, views, strict=True)))
    else:
        named = dict(zip(names, examples, strict=True))
    return named, OwnViews(task.pretext)
