"""The progress bar shows where it should, and changes nothing."""

import pytest

from kerassl.progress import track


@pytest.mark.parametrize("shown", [None, True, False])
def test_every_item_comes_once(shown, capsys):
    assert list(track(iter("abc"), "Reading", 3, shown)) == list("abc")
    out, error = capsys.readouterr()
    assert not out
    # Nobody looks at a stream that is no terminal, unless somebody asks.
    assert error == ("Reading\n" if shown else "")


def test_items_are_asked_for_one_at_a_time():
    def items():
        yield 1
        raise ValueError("the second is broken")

    going = track(items(), "Reading", shown=False)
    assert next(going) == 1
    with pytest.raises(ValueError, match="second"):
        next(going)
