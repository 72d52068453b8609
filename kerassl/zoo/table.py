"""The page of all presets, made of their files.

python -m kerassl.zoo.table > zoo/README.md
"""

from concurrent.futures import ThreadPoolExecutor

from kerassl.zoo.assemble import build, resolve
from kerassl.zoo.catalog import config, names
from kerassl.zoo.weights import manifest

_TITLE = """# Presets

What is learnt, by an encoder of how many parameters (with T5 the decoder's too), on
which data where a run is given none: `--data` takes yours. A name leads to the
preset's card, with the figures that were measured; `kerassl show NAME` prints it.

This page is made of the presets: `python -m kerassl.zoo.table > zoo/README.md`.
"""
_HEAD = "| preset | | task | parameters | data |\n|---|---|---|---:|---|\n"


def page(rows):
    """Returns the page, in Markdown.

    Args:
        rows: Dict from the name of each preset to its row, as `row` makes it.

    Example:
        >>> "## image" in page({name: row(name) for name in names("image")[:1]})
        True
    """
    modalities = {}
    for name in sorted(rows):
        modalities.setdefault(config(name)["modality"], []).append(rows[name])
    tables = (
        f"\n## {modality}\n\n{_HEAD}" + "".join(f"{line}\n" for line in lines)
        for modality, lines in sorted(modalities.items())
    )
    return _TITLE + "".join(tables)


def row(name):
    """Returns the row of a preset, without a line break.

    Args:
        name: A preset's name. One that comes with trained weights is said to.

    Example:
        >>> row("simclr_digits").count("|")
        6
    """
    spec = config(name)
    card = f"[`{name}`]({spec['modality']}/{name}.md)"
    task = f"`{_last(spec['model']['class'])}`"
    if "paper" in spec:
        task = f"[{task}]({spec['paper']})"
    size = parameters(spec["encoder"])
    if manifest(name) is not None:
        size += ", trained"
    cells = (card, spec["summary"], task, size, _data(spec))
    return f"| {' | '.join(cells)} |"


def parameters(encoder):
    """Returns how many parameters an encoder has, in words.

    Args:
        encoder: A preset's section. Of published weights, which are not at hand,
            the name is told.

    Example:
        >>> parameters({"class": "kerassl.encoders.dense", "input_shape": [3],
        ...             "hidden_dims": [2]})
        '8'
    """
    if "preset" in encoder:
        return f"`{encoder['preset']}`"
    # Keras keeps a list of the variables without values in each thread, and gives them
    # values at the next chance. With a thread of its own the list goes too.
    with ThreadPoolExecutor(max_workers=1) as thread:
        count = thread.submit(_count, encoder).result()
    if count >= 1e6:
        return f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.0f} k" if count >= 1e3 else str(count)


def _count(encoder):
    import keras

    # Without values for the variables, so without a gigabyte of them.
    with keras.StatelessScope(initialize_variables=False):
        return build(encoder).count_params()


def family(spec):
    """Returns the family of a preset's task, the folder that it lies in.

    Args:
        spec: A preset's configuration.

    Example:
        >>> family(config("simclr_digits"))
        'contrastive'
    """
    return resolve(spec["model"]["class"]).__module__.split(".")[-2]


def _data(spec):
    data = spec["data"]
    words = [f"`{_last(data['class'])}`", data.get("name", "")]
    return " ".join(filter(None, words))


def _last(path):
    return path.rpartition(".")[2]


if __name__ == "__main__":
    print(page({name: row(name) for name in names()}), end="")
