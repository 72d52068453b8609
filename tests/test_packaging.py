"""What an installed kerassl holds."""

import ast
import importlib
import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import kerassl

ROOT = Path(__file__).parents[1]
SETUP = (ROOT / "setup.py").read_text("utf-8")
# What tokenizers of KerasHub call their files.
VOCABULARIES = ("vocabulary.txt", "vocabulary.json", "merges.txt", "vocabulary.spm")


@pytest.fixture(scope="module")
def metadata():
    """Returns what setup.py gives to setuptools."""
    import setuptools

    with pytest.MonkeyPatch.context() as patch:
        given = {}
        patch.setattr(setuptools, "setup", given.update)
        patch.chdir(ROOT)
        runpy.run_path("setup.py")
    return given


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Builds the wheel from a copy, so that no stale build folder is used."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("kerassl", "zoo"):
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, copy)
    subprocess.run(
        [sys.executable, "-c", BUILD],
        cwd=copy,
        check=True,
        capture_output=True,
        text=True,
    )
    (built,) = (copy / "dist").glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield {name: archive.read(name) for name in archive.namelist()}


BUILD = "from setuptools import build_meta; build_meta.build_wheel('dist')"


def test_the_wheel_holds_every_preset(wheel):
    files = [
        path.relative_to(ROOT / "zoo").as_posix()
        for pattern in ("*/*.json", "*/*.md")
        for path in (ROOT / "zoo").glob(pattern)
    ]
    assert files
    for file in files:
        assert (
            wheel[f"kerassl/zoo/presets/{file}"] == (ROOT / "zoo" / file).read_bytes()
        )


def test_the_wheel_holds_every_module_and_nothing_else(wheel):
    code = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("kerassl/**/*.py")}
    inside = {name for name in wheel if name.endswith(".py")}
    assert inside == code
    assert "kerassl/py.typed" in wheel
    assert {name.split("/")[0] for name in wheel} == {
        "kerassl",
        f"kerassl-{kerassl.__version__}.dist-info",
    }


def test_the_wheel_holds_trained_weights_whole(wheel):
    """With all that `weights.json` lists: variables and vocabularies."""
    for manifest in (ROOT / "zoo").glob("*/*/weights.json"):
        files = [file for file in manifest.parent.rglob("*") if file.is_file()]
        assert len(files) == 1 + len(json.loads(manifest.read_text())["files"])
        for file in files:
            name = file.relative_to(ROOT / "zoo").as_posix()
            assert wheel[f"kerassl/zoo/presets/{name}"] == file.read_bytes()


def test_the_patterns_of_setup_take_every_file_of_weights(tmp_path):
    """Also where none are shipped: a folder as `shipping` makes one."""
    (patterns,) = re.findall(r'"kerassl.zoo.presets": (\[.*\]),', SETUP)
    names = ["weights.json", "task.weights.h5", "tokenizer/tokenizer.json"]
    names += [f"tokenizer/assets/tokenizer/{name}" for name in VOCABULARIES]
    folder = tmp_path / "text" / "preset"
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    found = {
        path.relative_to(folder).as_posix()
        for pattern in ast.literal_eval(patterns)
        for path in tmp_path.glob(pattern)
        if path.is_file()
    }
    assert found == set(names)


def test_the_wheel_has_the_command(wheel):
    (entry,) = [name for name in wheel if name.endswith("entry_points.txt")]
    assert "kerassl = kerassl.cli:main" in wheel[entry].decode()


def test_every_public_name_resolves():
    for name in kerassl.__all__:
        getattr(kerassl, name)
    assert set(dir(kerassl)) == set(kerassl.__all__)
    with pytest.raises(AttributeError, match="no attribute 'simclr'"):
        kerassl.simclr  # noqa: B018


def test_every_task_is_found_without_being_listed():
    for name in kerassl.models.__all__:
        assert getattr(kerassl, name) is getattr(kerassl.models, name)


def test_type_checkers_see_every_public_name():
    seen = set()
    for node in ast.walk(ast.parse(Path(kerassl.__file__).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            seen |= {alias.asname for alias in node.names if alias.asname}
    assert seen == set(kerassl.__all__) - {"__version__"}


def test_every_package_imports():
    for path in Path(kerassl.__file__).parent.rglob("__init__.py"):
        parts = path.parent.relative_to(Path(kerassl.__file__).parents[1]).parts
        importlib.import_module(".".join(parts))


@pytest.mark.parametrize("module", ["kerassl", "kerassl.zoo", "kerassl.cli"])
def test_import_is_light(module):
    heavy = "{'tensorflow', 'keras', 'jax', 'numpy', 'sklearn', 'matplotlib'}"
    code = f"import sys, {module}; sys.exit(str({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stderr.strip() == "set()"


def test_the_version_is_stated_once_each():
    setup = (ROOT / "setup.py").read_text("utf-8")
    assert f'version="{kerassl.__version__}"' in setup
    assert f"## {kerassl.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_table_of_extras_is_that_of_setup(page, metadata):
    text = (ROOT / page).read_text("utf-8")
    (table,) = re.findall(r"<!-- extras -->(.*)<!-- end of extras -->", text, re.S)
    rows = dict(re.findall(r"(?m)^\| `([\w-]+)` \| (.*?) \|", table))
    extras = metadata["extras_require"]
    assert list(rows) == [*sorted(set(extras) - {"docs", "test"}), "docs", "test"]
    for extra in set(rows) - {"docs", "test"}:
        brought = {Requirement(line).name for line in extras[extra]}
        assert set(rows[extra].split(", ")) == brought, extra


def test_what_extras_bring_is_tested_in_the_versions_that_they_allow(metadata):
    """An extra's pins are those of the tests, if the tests need it."""
    extras = metadata["extras_require"]
    tested = {Requirement(line).name: line for line in extras["test"]}
    for extra in set(extras) - {"test"}:
        for line in extras[extra]:
            assert tested.get(Requirement(line).name, line) == line, extra


def test_every_requirement_has_both_bounds(metadata):
    lines = [
        *metadata["install_requires"],
        *sum(metadata["extras_require"].values(), []),
    ]
    for requirement in map(Requirement, lines):
        if requirement.name not in ("setuptools", "furo"):  # furo counts by dates
            signs = {each.operator for each in requirement.specifier}
            assert {">=", "<"} <= signs, requirement


def test_the_citation_is_of_this_version(metadata):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == kerassl.__version__ == metadata["version"]
    assert citation["license"] == metadata["license"]
    assert citation["keywords"] == metadata["keywords"]
    assert citation["authors"] == [{"name": metadata["author"]}]


def test_the_container_runs_the_commands_of_the_readme():
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    steps = dict(line.split(" ", 1) for line in lines if line[:1].isupper())
    run = shlex.join(json.loads(steps["ENTRYPOINT"]) + json.loads(steps["CMD"]))
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"    {steps['RUN']} && {run}\n" in readme
    version = re.fullmatch(r"python:(3\.\d+)-slim", steps["FROM"])
    assert f"Programming Language :: Python :: {version.group(1)}" in SETUP


def test_the_container_is_given_what_the_installation_needs():
    left_out = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for needed in ("kerassl", "zoo", "setup.py", "pyproject.toml", "README.md"):
        assert (ROOT / needed).exists() and needed not in left_out
