"""The pages of an export: README.md, a script, and the same for programs."""

import datetime
import textwrap

import kerassl
from kerassl import files
from kerassl.data.licences import licence_of

FACTS, PAGE, SCRIPT = "export.json", "README.md", "load_example.py"
EXAMPLE, TOKENIZER = "example.npz", "tokenizer"
# How a model card names the library that loads a format.
LIBRARIES = {"huggingface": "transformers", "keras_hub": "keras-hub", "onnx": "onnx"}


def facts(kind, subject, quantize) -> dict:
    """Returns what is known of an export before it is written, in JSON's types."""
    plan, report = subject.run.config, subject.run.report or {}
    licence = licence_of(plan.get("data", {})) if plan["examples"] is None else None
    verdicts = [v["sentence"] for v in report.get("verdict", {}).values()]
    return {
        "format": kind.name,
        "quantize": quantize,
        "run": plan["name"],
        "configuration": report.get("config_hash"),
        "seed": plan["seed"],
        "steps": plan["recipe"]["steps"],
        "trained": report.get("date"),
        "exported": datetime.date.today().isoformat(),
        "kerassl": kerassl.__version__,
        "modality": subject.modality,
        "verdict": verdicts,
        "trained_on": plan["data_used"].get("examples"),
        "licence": None if licence is None else vars(licence),
        "inputs": {
            name: {
                "dtype": "string" if x.dtype.kind in "OSU" else x.dtype.name,
                "shape": kind.axes(subject, name),
                "values": kind.told(subject, name),
            }
            for name, x in kind.inputs(subject).items()
        },
        "output": kind.output,
    }


def write(folder, facts, source) -> None:
    """Writes the pages of an export.

    Args:
        folder: The export's folder.
        facts: What is known of it.
        source: The source of the function that loads it.
    """
    load = textwrap.dedent(source).replace("@staticmethod\n", "")
    files.write_text(folder / SCRIPT, _script(load, facts))
    files.write_text(folder / PAGE, _card(facts) + _page(facts, load))
    files.write_json(folder / FACTS, facts)


def summary(facts) -> str:
    """Returns an export in one line."""
    size = f"{facts['format']}, {facts['bytes'] / 1e6:.2f} MB"
    return f"{size}, {_checked(facts)}"


def _checked(facts):
    count = f"on {facts['checked_on']} examples"
    if "difference" in facts:
        return (
            f"read back {count} it differs by at most {facts['difference']:.1e} from "
            "the encoder"
        )
    loss = facts["loss"]
    told = (
        f"as int8 {count} the cosine with the features in floats is "
        f"{loss['cosine']:.4f} on average and {loss['least_cosine']:.4f} at least"
    )
    if "knn_before" in loss:
        told += (
            f", the accuracy of nearest neighbours {loss['knn_after']:.3f} after "
            f"{loss['knn_before']:.3f}"
        )
    before = facts["bytes_in_floats"] / 1e6
    return f"{told}; in floats it takes {before:.2f} MB"


def _card(facts):
    """Returns the head that makes a page a model card."""
    licence = (facts["licence"] or {}).get("licence")
    known = licence and " " not in licence
    lines = [
        "---",
        f"license: {licence.lower() if known else 'other'}",
        f"library_name: {LIBRARIES.get(facts['format'], 'keras')}",
        "pipeline_tag: feature-extraction",
        "tags: [self-supervised, kerassl]",
        "---",
    ]
    return "\n".join(lines) + "\n\n"


def _page(facts, load):
    parts = [f"# {facts['run']}, an encoder as {facts['format']}"]
    parts += facts["verdict"] or ["It has not been measured (`kerassl evaluate`)."]
    parts += ["## What goes in", _inputs(facts), *_tokenizer(facts)]
    parts += ["## What comes out", f"float32: {facts['output']}."]
    parts += [
        "## How it is loaded",
        f"```python\n{load.strip()}\n```",
        f"`python {SCRIPT}` does so, and compares with what the encoder gave for the "
        f"made-up inputs in `{EXAMPLE}`. kerassl is not needed.",
        f"Checked: {_checked(facts)}.",
        "## Where it comes from",
        _origin(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _inputs(facts):
    lines = ["| name | dtype | shape | values |", "| --- | --- | --- | --- |"]
    for name, each in facts["inputs"].items():
        shape = ", ".join("any" if n is None else str(n) for n in each["shape"])
        shape = f"({shape}{',' if len(each['shape']) == 1 else ''})"
        lines.append(f"| `{name}` | {each['dtype']} | {shape} | {each['values']} |")
    return "\n".join(lines) + "\n\nThe first axis is the batch."


def _tokenizer(facts):
    found = facts["tokenizer"]
    if found is None or any(x["dtype"] == "string" for x in facts["inputs"].values()):
        return []
    if "rows" not in found:
        return [
            f"`{found['file']}` holds the run's tokenizer, a `{found['class']}`, in "
            "KerasHub's layout. The format savedmodel has it inside, with special "
            "tokens and padding."
        ]
    code = (
        "from tokenizers import Tokenizer\n\n"
        f'tokenizer = Tokenizer.from_file("{found["file"]}")\n'
        'rows = tokenizer.encode_batch(["a text", "another"])\n'
        "token_ids = [row.ids for row in rows]\n"
        "padding_mask = [row.attention_mask for row in rows]"
    )
    return [
        "Texts become token ids and their mask by `tokenizers`, special tokens, length "
        f"and padding included; other inputs are 0. Of the run's texts "
        f"{found['same_rows']} of {found['rows']} get the rows that it was trained on.",
        f"```python\n{code}\n```",
    ]


def _origin(facts):
    licence = facts["licence"]
    told = (
        f"{licence['name']}, {licence['licence']}, {licence['address']}"
        if licence
        else "data whose licence is not known here: say it before you pass this on"
    )
    return (
        f"Trained by kerassl on {facts['trained_on']} examples of {told}. "
        f"{facts['steps']} steps, seed {facts['seed']}, configuration "
        f"{facts['configuration']}, {facts['trained']}; exported {facts['exported']} "
        f"by kerassl {facts['kerassl']}."
    )


def _script(load, facts):
    return f'''"""Loads the encoder that is here, and compares it with what it gave."""

from pathlib import Path

import numpy as np


{load.strip()}


folder = Path(__file__).resolve().parent
with np.load(folder / "{EXAMPLE}") as kept:
    arrays = {{name: kept[name] for name in kept.files}}
expected = arrays.pop("outputs")
inputs = {{name.removeprefix("input_"): x for name, x in arrays.items()}}
outputs = load(folder)(inputs)
print(f"{facts["format"]}: {{outputs.shape}}, {{outputs.dtype}}")
print(f"greatest difference {{np.abs(outputs - expected).max():.1e}}")
'''
