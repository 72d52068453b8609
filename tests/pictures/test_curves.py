import pytest

from kerassl.pictures import loss_curve


def test_every_picture_says_what_it_shows_and_what_is_good():
    figure = loss_curve([{"step": 1, "loss": 2.0, "probe_accuracy": 0.5, "x": 1.0}])
    assert figure.get_suptitle() == "Loss and measures by step"
    said = [axis.get_ylabel() for axis in figure.axes]
    assert said == ["lower is better", "share, higher is better", ""]


def test_curves_share_a_picture_with_their_validation():
    rows = [
        {"step": s, "loss": 1 / s, "val_loss": 2 / s, "rank": 3.0} for s in (1, 2, 3)
    ]
    axes = loss_curve(rows).axes
    assert [axis.get_title() for axis in axes] == ["loss", "rank"]
    assert len(axes[0].lines) == 2
    assert list(axes[0].lines[0].get_ydata()) == [1, 1 / 2, 1 / 3]
    with pytest.raises(ValueError, match="rows"):
        loss_curve([])
