"""TensorBoard's event files."""

from pathlib import Path

from kerassl import files, pictures


def drop_events(folder, *, after):
    """Removes what event files tell of later steps, which will be made again.

    Args:
        folder: Where the files are, if there are any.
        after: The last step that stays.
    """
    for path in Path(folder).glob("events.out.tfevents.*"):
        records = list(_records(path))
        kept = [record for record in records if _step(record) <= after]
        if len(kept) < len(records):
            _write(path, kept)


def write_picture(name, path, step=None):
    """Writes a picture and its title with the summary writer at hand.

    Args:
        name: What it is a picture of.
        path: A PNG file that `kerassl.pictures.save` wrote.
        step: The step; None for that of the writer.
    """
    import tensorflow as tf

    image = tf.io.decode_png(tf.io.read_file(str(path)), channels=3)
    told = pictures.title_of(path)
    tf.summary.image(name, image[None], step=step, description=told or None)


def _records(path):
    """Yields the records of a file, up to where a kill has cut one short."""
    import tensorflow as tf

    try:
        yield from tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    except tf.errors.DataLossError:
        return


def _step(record):
    from tensorboard.compat.proto.event_pb2 import Event

    return Event.FromString(record).step


def _write(path, records):
    import tensorflow as tf

    with files.atomic(path) as unfinished:
        with tf.io.TFRecordWriter(str(unfinished)) as writer:
            for record in records:
                writer.write(record)
