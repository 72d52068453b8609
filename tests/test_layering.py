"""Imports go down the table of layers only."""

import ast
from pathlib import Path

import kerassl

PACKAGE = Path(kerassl.__file__).parent

# From the top down; areas on one row do not see each other.
ROWS = [
    {"cli", "testing", "registration"},
    {"use"},
    {"pretraining"},
    {"zoo"},
    {"runs"},
    {"models", "transfer"},
    {"data", "pretext"},
    {"augment", "callbacks", "encoders"},
    {"layers", "losses", "metrics", "optimizers", "tokenizers"},
    {"allowed", "distribute", "ops", "pictures"},
    {"checks", "files", "locks", "modalities", "progress"},
    {"errors"},
]
ROW_OF = {area: row for row, areas in enumerate(ROWS) for area in areas}

# Names of the package's top that stand for something in an area.
TOP_NAMES = {
    "pretrain": "pretraining",
    "evaluate": "pretraining",
    "Run": "runs",
    "compare": "use",
    "pretrain_all": "use",
    "embed": "use",
    "generate": "use",
    "export": "use",
    "explain": "use",
    "search": "use",
    "tune": "use",
}

# What only kerassl.distribute may ask TensorFlow and Keras.
OF_DISTRIBUTE = {
    "tf.distribute",
    "tensorflow.distribute",
    "keras.distribution",
    "keras.backend.backend",
    "keras.config.backend",
}


def sources():
    return [path for path in sorted(PACKAGE.rglob("*.py")) if area_of(path)]


def area_of(path):
    """Returns the area a file belongs to, None for the package's own top."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return None if first == "__init__" else first


def imported_areas(tree):
    """Yields (line, area) for everything of kerassl that a file imports."""
    for node in ast.walk(tree):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "kerassl":
            modules = [f"kerassl.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            modules = [node.module]
        elif isinstance(node, ast.Attribute):
            modules = [dotted(node)]
        for module in modules:
            root, _, rest = module.partition(".")
            area = rest.partition(".")[0]
            if root == "kerassl" and area and not area.startswith("_"):
                yield node.lineno, TOP_NAMES.get(area, area)


def dotted(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def test_every_file_has_a_row():
    unknown = {area_of(path) for path in sources()} - set(ROW_OF)
    assert not unknown, f"give these a row in the table of layers: {sorted(unknown)}"


def test_imports_go_down():
    wrong = []
    for path in sources():
        area = area_of(path)
        for line, other in imported_areas(ast.parse(path.read_text("utf-8"))):
            if other != area and ROW_OF[other] <= ROW_OF[area]:
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {other}")
    assert not wrong, "\n".join(wrong)


def test_only_distribute_knows_strategies_and_backends():
    wrong = []
    for path in sources():
        if area_of(path) == "distribute":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = {dotted(node)} if isinstance(node, ast.Attribute) else set()
            if isinstance(node, ast.ImportFrom):
                names = {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
            elif isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            if names & OF_DISTRIBUTE:
                wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert not wrong, f"ask kerassl.distribute instead: {', '.join(wrong)}"


def test_the_check_sees_an_upward_import():
    tree = ast.parse("def f():\n    from kerassl.models import SimCLR")
    assert list(imported_areas(tree)) == [(2, "models")]
    tree = ast.parse("import kerassl\nkerassl.pretrain('x')")
    assert list(imported_areas(tree)) == [(2, "pretraining")]
