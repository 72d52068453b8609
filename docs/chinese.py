"""Whether the Chinese pages are in step with the English ones.

    python docs/chinese.py

writes down, in `docs/zh/in_step.json`, which English text each Chinese page renders.
Run it after a change of both: a test fails as soon as an English page is no longer
the one that is written down there.
"""

import ast
import hashlib
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs" / "zh" / "in_step.json"
CELL = re.compile(r"(?m)^(?=# %%)")
FENCE = re.compile(r"(?ms)^```.*?^```$|^    \S.*?$")
# Between two Chinese characters a line's end is no space.
JOIN = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\n(?=[\u4e00-\u9fff])"
)


def pages():
    """Returns {Chinese page: the English one}, paths below the project."""
    found = {"README.zh.md": "README.md", "docs/zh/start.md": "docs/start.md"}
    for path in sorted((ROOT / "tutorials" / "zh").glob("*.py")):
        found[f"tutorials/zh/{path.name}"] = f"tutorials/{path.name}"
    return found


def digest(path):
    """Returns 16 digits that name the text of an English page."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def code(path):
    """Returns what the two languages must share: code, without comments."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return ast.dump(ast.parse(text))
    return [re.sub(r"\s+#.*", "", block) for block in FENCE.findall(text)]


def joined(markdown):
    """Returns Chinese text whose lines are joined as they are read.

    Example:
        >>> joined("一行，\\n又一行")
        '一行，又一行'
    """
    parts = re.split(r"(?ms)(^```.*?^```$)", markdown)
    return "".join(
        part if part.startswith("```") else JOIN.sub("", part) for part in parts
    )


def main():
    record = {chinese: digest(ROOT / english) for chinese, english in pages().items()}
    RECORD.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
