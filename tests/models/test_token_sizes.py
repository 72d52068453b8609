import types

import pytest

from kerassl.models.token_sizes import check_token_sizes


def encoder(rows=50, length=16):
    embedding = types.SimpleNamespace(input_dim=rows)
    return types.SimpleNamespace(token_embedding=embedding, max_sequence_length=length)


def pretext(pieces=50, length=16):
    tokenizer = types.SimpleNamespace(vocabulary_size=lambda: pieces)
    return types.SimpleNamespace(tokenizer=tokenizer, sequence_length=length)


def test_what_fits_passes_and_so_does_what_is_no_text():
    check_token_sizes(encoder(), pretext())
    check_token_sizes(object(), pretext())
    check_token_sizes(encoder(), object())


def test_what_is_too_large_is_named():
    with pytest.raises(ValueError, match="at least 51. Received: 50"):
        check_token_sizes(encoder(), pretext(pieces=51))
    with pytest.raises(ValueError, match="`max_sequence_length`, 16. Received: 17"):
        check_token_sizes(encoder(), pretext(length=17))
