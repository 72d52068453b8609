"""A run's tokenizer as others read it: `tokenizer.json` of Hugging Face, and stock."""

import json

import numpy as np

from kerassl.tokenizers import WordTokenizer
from kerassl.tokenizers.byte_pairs import fast_byte_pairs, is_byte_level
from kerassl.tokenizers.word_pieces import is_word_piece

FILE = "tokenizer.json"
# Words whose rows are looked at for the special tokens round them; some tasks leave
# unknown ones out.
PROBES = 20


def fast_tokenizer(subject):
    """Returns a run's tokenizer as a `tokenizers.Tokenizer`, None where it has none.

    Encoding with it gives the rows that `prepare` gives, special tokens, padding and
    all; but accents of some scripts, and words above 100 bytes, may be cut otherwise.
    `agreement` counts.

    Args:
        subject: The `Subject` of a run on texts.
    """
    from tokenizers import decoders

    tokenizer = getattr(subject.task.pretext, "tokenizer", None)
    if is_byte_level(tokenizer):
        made = fast_byte_pairs(tokenizer)
        made.decoder = decoders.ByteLevel()
    elif is_word_piece(tokenizer):
        made = _words(tokenizer)
    else:
        return None  # SentencePiece's own file is read by its own library
    return made if _frame(made, subject.task.pretext, tokenizer) else None


def agreement(made, subject) -> tuple[int, int]:
    """Returns how many of the subject's texts get the same rows, and of how many.

    Args:
        made: Of `fast_tokenizer`.
        subject: The `Subject`, of texts.
    """
    texts = [text.decode(errors="replace") for text in subject.examples]
    rows = made.encode_batch(texts)
    ids = np.array([row.ids for row in rows])
    masks = np.array([row.attention_mask for row in rows])
    want = subject.prepared
    same = (ids == want["token_ids"]) & (masks == want["padding_mask"])
    return int(np.sum(same.all(axis=1))), len(texts)


def vocabulary_files(made, folder) -> None:
    """Writes `tokenizer.json`, and the older files that some loaders want.

    Args:
        made: Of `fast_tokenizer`.
        folder: An existing folder.
    """
    made.save(str(folder / FILE))
    model = json.loads(made.to_str())["model"]
    vocabulary = model["vocab"]
    if model["type"] == "BPE":
        merges = (" ".join(pair) for pair in model["merges"])
        (folder / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
        text = json.dumps(vocabulary, ensure_ascii=False)
        (folder / "vocab.json").write_text(text, encoding="utf-8")
    else:
        words = sorted(vocabulary, key=vocabulary.get)
        (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")


def stock_tokenizer(tokenizer, backbone=None):
    """Returns a tokenizer as one of KerasHub's own classes, or None.

    Args:
        tokenizer: A KerasHub tokenizer, or one of kerassl's.
        backbone: The KerasHub backbone whose class of tokenizer is wanted.
    """
    import keras_hub

    family = _family(backbone)
    if isinstance(tokenizer, WordTokenizer) or not is_word_piece(tokenizer):
        # KerasHub's own as they are; whole words are no pieces to any other.
        own = type(tokenizer).__module__.startswith("keras_hub.")
        return tokenizer if own else None
    options = {
        "vocabulary": tokenizer.get_vocabulary(),
        "lowercase": tokenizer.lowercase,
        # KerasHub knows all or none; see `agreement`.
        "strip_accents": bool(tokenizer.strip_accents),
    }
    if family and issubclass(family, keras_hub.tokenizers.WordPieceTokenizer):
        return family(**options)
    return keras_hub.tokenizers.WordPieceTokenizer(**options)


def _family(backbone):
    import keras_hub

    found = [
        each
        for name in dir(keras_hub.tokenizers)
        if (each := getattr(keras_hub.tokenizers, name))
        and getattr(each, "backbone_cls", None) is type(backbone)
    ]
    return found[0] if found else None


def _words(tokenizer):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    words = tokenizer.get_vocabulary()
    vocabulary = {word: i for i, word in enumerate(words)}
    unknown = tokenizer.oov_token
    if isinstance(tokenizer, WordTokenizer):
        made = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown))
    else:
        made = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown))
        made.decoder = decoders.WordPiece()
    made.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=tokenizer.split_on_cjk,
        strip_accents=bool(tokenizer.strip_accents),
        lowercase=tokenizer.lowercase,
    )
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def _frame(made, pretext, tokenizer):
    """Adds what `prepare` adds: special tokens, the row's length and its padding.

    Returns whether it was found out.
    """
    from tokenizers.processors import TemplateProcessing

    size = tokenizer.vocabulary_size()
    last = range(max(0, size - PROBES), size)
    probes = ["a", *(tokenizer.id_to_token(i) for i in last)]
    rows = {name: np.asarray(x) for name, x in pretext.prepare(probes).items()}
    for i, probe in enumerate(probes):
        row = {name: values[i] for name, values in rows.items()}
        real = row["padding_mask"].astype(bool)
        found = _around(row["token_ids"][real].tolist(), made.encode(probe).ids)
        if found:
            break
    else:
        return False
    before, after = found
    named = {i: tokenizer.id_to_token(i) for i in (*before, *after)}
    if named:
        parts = [*(named[i] for i in before), "$A", *(named[i] for i in after)]
        made.post_processor = TemplateProcessing(
            single=" ".join(parts), special_tokens=[(n, i) for i, n in named.items()]
        )
    length = len(row["token_ids"])
    pad = int(row["token_ids"][~real][0]) if not real.all() else 0
    made.enable_truncation(length)
    made.enable_padding(length=length, pad_id=pad, pad_token=tokenizer.id_to_token(pad))
    return True


def _around(ids, plain):
    """Returns what stands before and after some ids among others, or None.

    Example:
        >>> _around([2, 7, 8, 3], [7, 8])
        ([2], [3])
    """
    for first in range(len(ids) - len(plain) + 1):
        if plain and ids[first : first + len(plain)] == plain:
            return ids[:first], ids[first + len(plain) :]
    return None
