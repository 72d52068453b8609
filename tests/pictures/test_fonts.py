import numpy as np
from matplotlib import font_manager

from kerassl.pictures import Mark, fonts, fonts_for, image_sheet, token_figure
from kerassl.transfer import embedding_map

MARKS = {"masked": Mark("hidden", "#c0392b")}


def test_another_font_has_what_the_first_has_not(tmp_path):
    # A sign of mathematics that DejaVu lacks and a font beside it has.
    families, drawn = fonts_for(["a \u2313 b"])
    assert families[0] == "sans-serif" and len(families) == 2
    assert drawn("a \u2313 b") == "a \u2313 b"
    figure = token_figure([[("\u2313", "masked", "$\u2313")]], MARKS)
    figure.savefig(tmp_path / "signs.png")  # a missing glyph would be a warning
    assert figure.texts[-1].get_fontfamily()[0] == "monospace"


def test_what_no_font_has_is_drawn_by_its_name_and_told_in_the_picture(tmp_path):
    rows = [[("\U00012000\U00012001", "plain", ""), ("a", "masked", "\U00012000")]]
    figure = token_figure(rows, MARKS)
    figure.savefig(tmp_path / "names.png")  # a missing glyph would be a warning
    shown = [text.get_text() for text in figure.texts]
    assert ":a:a times a:" in shown and fonts.NOTE in shown


def test_names_tell_what_looks_alike_apart(monkeypatch):
    monkeypatch.setattr(fonts, "_characters", lambda path: frozenset(map(ord, "ab")))
    monkeypatch.setattr(fonts, "_add_new_fonts", lambda: None)
    _, drawn = fonts_for(["a猫", "犬b", "🐈", "\u0915\u093e", "\ue000"])
    assert [drawn(text) for text in ("a猫", "犬b", "🐈", "\u0915\u093e", "\ue000")] == [
        "a:732b:",
        ":72ac:b",
        ":cat:",
        ":ka:aa:",
        ":ue000:",
    ]


def test_a_font_installed_after_matplotlib_looked_is_found(monkeypatch):
    manager = font_manager.fontManager
    rare = "\u2313"
    has = [f for f in manager.ttflist if ord(rare) in fonts._characters(f.fname)]
    monkeypatch.setattr(
        manager, "ttflist", [f for f in manager.ttflist if f not in has]
    )
    path = has[0].fname
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [path, __file__])
    fonts._add_new_fonts.cache_clear()
    families, drawn = fonts_for([rare])
    fonts._add_new_fonts.cache_clear()
    assert families == ["sans-serif", has[0].name] and not drawn.note


def test_titles_of_any_script_and_length(tmp_path):
    titles = ["a_very_long_name_of_a_file_that_goes_on.jpeg $x$", "\U00012000"]
    figure = image_sheet(np.zeros((2, 8, 8, 1)), titles)
    figure.savefig(tmp_path / "sheet.png")
    first, second = (axis.get_title() for axis in figure.axes)
    assert first.startswith("a_very_long") and "…" in first and r"\$x\$" in first
    assert second == ":a:" and figure.texts[0].get_text() == fonts.NOTE


def test_a_map_draws_class_names_of_any_script(tmp_path):
    names = ("\u2313", "plain")
    labels = np.arange(8) % 2
    figure = embedding_map(None, np.eye(8), labels, names, method="pca")
    figure.savefig(tmp_path / "map.png")
    assert [text.get_text() for text in figure.legends[0].texts] == list(names)
