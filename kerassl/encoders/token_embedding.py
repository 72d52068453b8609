"""Where a text encoder keeps its table of tokens."""


def token_embedding_of(encoder):
    """Returns the layer that embeds tokens, or None where there is none.

    Args:
        encoder: A `keras.Model`: a KerasHub backbone with a `token_embedding`, or a
            functional model with a layer of that name.

    Example:
        >>> from kerassl.encoders import word_vectors
        >>> token_embedding_of(word_vectors(50, dim=8)).input_dim
        50
    """
    found = getattr(encoder, "token_embedding", None)
    if found is not None:
        return found
    named = [e for e in getattr(encoder, "layers", ()) if e.name == "token_embedding"]
    return named[0] if named else None
