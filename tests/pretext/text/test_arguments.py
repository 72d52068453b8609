import pytest

from kerassl.errors import UserError
from kerassl.pretext import text

LAYERS = {
    "MaskedTokens": {},
    "NextToken": {},
    "ContextWindow": {},
    "SpanCorruption": {},
    "Tokens": {},
    "NoisyText": {"noises": [text.TokenMasking()]},
}
NO_LENGTHS = ["abc", float("nan"), 16.0, True, None, 0, -3, 2, 1, 2**40]
NO_SHARES = ["abc", float("nan"), True, None, -0.1, 1.1, float("inf")]
NO_COUNTS = ["abc", float("nan"), 2.5, True, 0, -1, 2**40]


# These take a row of a token and the end.
SHORTEST_OF_TWO = ("SpanCorruption", "NoisyText")


@pytest.mark.parametrize(
    ("layer", "value"),
    [
        (layer, value)
        for layer in LAYERS
        for value in NO_LENGTHS
        if value != 2 or layer not in SHORTEST_OF_TWO
    ],
)
def test_lengths(layer, value):
    with pytest.raises(UserError, match="`sequence_length` must be"):
        getattr(text, layer)(None, value, **LAYERS[layer])


@pytest.mark.parametrize(
    "layer, name",
    [
        ("MaskedTokens", "mask_rate"),
        ("MaskedTokens", "mask_token_rate"),
        ("MaskedTokens", "random_token_rate"),
        ("SpanCorruption", "noise_density"),
        ("TokenMasking", "rate"),
        ("TokenDeletion", "rate"),
        ("TokenReplacement", "rate"),
        ("SentencePermutation", "rate"),
    ],
)
@pytest.mark.parametrize("value", NO_SHARES)
def test_shares(layer, name, value):
    with pytest.raises(UserError, match=f"`{name}`.* must be"):
        getattr(text, layer)(**{name: value})


@pytest.mark.parametrize(
    "layer, name",
    [
        ("MaskedTokens", "mask_slots"),
        ("ContextWindow", "window"),
        ("ContextWindow", "block_length"),
        ("ContextWindow", "shared_negatives"),
        ("SpanCorruption", "sentinels"),
    ],
)
@pytest.mark.parametrize("value", NO_COUNTS)
def test_counts(layer, name, value):
    with pytest.raises(UserError, match=f"`{name}` must be"):
        getattr(text, layer)(**{name: value})


@pytest.mark.parametrize("value", ["abc", float("nan"), -1, None, True])
def test_others(value):
    for layer, name in (
        ("ContextWindow", "subsampling"),
        ("SpanCorruption", "mean_span_length"),
    ):
        with pytest.raises(UserError, match=f"`{name}` must be"):
            getattr(text, layer)(**{name: value})
    for given in (value, [value], []):
        with pytest.raises(UserError, match="`noises` must hold"):
            text.NoisyText(noises=given)
    with pytest.raises(UserError, match="`sentinels` must be"):
        text.SpanCorruption(sentinels=[value])
