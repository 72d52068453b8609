"""What is in a figure."""


def images_in(figure):
    """Returns how many images a figure shows."""
    return sum(len(axis.images) for axis in figure.axes)
