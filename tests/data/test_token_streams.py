import numpy as np
import pytest

from kerassl.data import TokenWindows
from kerassl.data.token_streams import TokenStreams

END, LENGTH, ROWS = 0, 5, 3
# Documents of 1 to 9 tokens after the end of text that begins each.
DOCUMENTS = [list(range(10 * n, 10 * n + n % 9 + 1)) for n in range(1, 25)]


@pytest.fixture(scope="module")
def streams():
    stream = np.concatenate([[END, *document] for document in DOCUMENTS])
    starts = np.flatnonzero(stream == END)
    return TokenStreams(TokenWindows([stream], [starts], LENGTH), ROWS, END)


def batches(streams, count, start=0):
    made = streams.batches(ROWS, start).take(count)
    return [{k: v.numpy() for k, v in batch.items()} for batch in made]


def test_each_window_goes_on_with_the_one_before(streams):
    found = batches(streams, streams.length)
    for before, after in zip(found[:-1], found[1:], strict=True):
        # The last token is asked for in one and read in the next.
        np.testing.assert_array_equal(
            before["token_ids"][:, -1], after["token_ids"][:, 0]
        )
    rows = np.concatenate([b["token_ids"][:, :-1] for b in found], 1)
    stream = np.concatenate([[END, *document] for document in DOCUMENTS])
    np.testing.assert_array_equal(rows.ravel(), stream[: rows.size])


def test_documents_count_from_minus_one_where_one_goes_on(streams):
    first, *others = batches(streams, streams.length)
    assert (first["segment_ids"][:, 0] == 0).all()
    for batch in others:
        begins = batch["token_ids"] == END
        np.testing.assert_array_equal(batch["segment_ids"], begins.cumsum(1) - 1)
    assert any((b["segment_ids"][:, 0] == 0).any() for b in others)


def test_the_streams_begin_again_and_anywhere(streams):
    whole = batches(streams, 2 * streams.length + 1)
    for again in (streams.length, 2 * streams.length):
        for name, value in whole[0].items():
            np.testing.assert_array_equal(value, whole[again][name])
    (later,) = batches(streams, 1, start=streams.length + 2)
    for name, value in later.items():
        np.testing.assert_array_equal(value, whole[2][name])


def test_windows_in_their_order_stand_alone(streams):
    alone = list(streams.dataset)
    assert len(alone) == len(streams) == streams.dataset.cardinality()
    expected = streams.windows.fetch(np.arange(len(streams)))
    for name, value in expected.items():
        np.testing.assert_array_equal(np.stack([e[name] for e in alone]), value)
    assert next(streams.at_hand())["token_ids"].shape[1] == LENGTH + 1


def test_too_few_windows_and_another_batch(streams):
    with pytest.raises(ValueError, match="`batch_size` is 99, but there are only"):
        TokenStreams(streams.windows, 99, END)
    with pytest.raises(ValueError, match="`batch_size` must be the number"):
        streams.batches(ROWS + 1)
