"""The Chinese pages are in step with the English ones."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import chinese  # noqa: E402

PAGES = chinese.pages()


def test_six_tutorials_the_readme_and_the_start_page_are_there():
    assert sum(page.startswith("tutorials/") for page in PAGES) >= 6
    assert {"README.zh.md", "docs/zh/start.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_page_is_in_step(page):
    english = ROOT / PAGES[page]
    assert chinese.code(ROOT / page) == chinese.code(english)
    written = json.loads(chinese.RECORD.read_text())
    assert written.get(page) == chinese.digest(english), (
        f"{PAGES[page]} has changed: bring {page} in step, then run "
        "`python docs/chinese.py`"
    )


@pytest.mark.parametrize("page", PAGES)
def test_page_is_in_chinese(page):
    text = (ROOT / page).read_text("utf-8")
    assert len([c for c in text if "\u4e00" <= c <= "\u9fff"]) > 200


def test_lines_are_joined_between_chinese_characters_alone():
    assert chinese.joined("一行，\n又一行") == "一行，又一行"
    assert chinese.joined("甲\nB\n- 乙\n- 丙") == "甲\nB\n- 乙\n- 丙"
    fenced = "```\n甲\n乙\n```"
    assert chinese.joined(fenced) == fenced
