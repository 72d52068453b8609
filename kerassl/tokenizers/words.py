"""From texts to the words that WordPiece spells: folded, split, and cut where long."""

import tensorflow as tf

# The word boundaries of BERT, as KerasHub's tokenizer draws them (RE2 syntax).
SPACE = r"\s|\p{Cc}|\p{Cf}"
PUNCTUATION = r"[!-/]|[:-@]|[\[-`]|[{-~]|\p{P}"
CJK = (
    r"[\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{2A6DF}"
    r"\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F}\x{2B820}-\x{2CEAF}"
    r"\x{2F800}-\x{2FA1F}]"
)

# Of `strip_accents`: only where an accent is no letter of its own. A voiced mark
# makes another syllable in Japanese, and vowels are marks in Thai or Hindi.
EUROPEAN = "european"
# A mark stands behind its letter. Behind signs, marks only style them (emoji).
EUROPEAN_MARKS = (
    r"(^|[^\p{L}\p{M}]|[\p{Latin}\p{Greek}\p{Cyrillic}])\p{Mn}+",
    r"\1",
)
EVERY_MARK = (r"\p{Mn}", "")

# TensorFlow Text makes one unknown token of a word of more bytes.
MOST_BYTES = 100
# Twenty characters with the marks on the last one: at most 25, of 4 bytes each.
PART = r"((?s:.){20}\p{M}{0,5})"


def split_words(texts, lowercase, strip_accents, split_on_cjk=True):
    """Returns the words of texts, as BERT splits them.

    Words above 100 bytes, such as Thai without blanks, are cut into parts of
    about twenty characters, as nothing could be learnt of them whole.

    Args:
        texts: String tensor (batch,).
        lowercase: Whether to fold case.
        strip_accents: True drops all accents, `EUROPEAN` those of Latin, Greek
            and Cyrillic letters, False none.
        split_on_cjk: Whether each Chinese character is a word.

    Returns:
        `tf.RaggedTensor` (batch, None) of strings.

    Example:
        >>> split_words(tf.constant(["Café, ガ"]), True, EUROPEAN).to_list()[0][0]
        b'cafe'
    """
    import tensorflow_text as tf_text

    # Unicode spaces are not space to RE2's \s: "100&nbsp;km" would be one word.
    texts = tf.strings.regex_replace(texts, r"\p{Z}", " ")
    kept = PUNCTUATION
    if split_on_cjk:
        texts = tf.strings.regex_replace(texts, CJK, r" \0 ")
        kept = f"{PUNCTUATION}|{CJK}"
    if strip_accents:
        texts = tf_text.normalize_utf8(texts, "NFD")
        marks = EUROPEAN_MARKS if strip_accents == EUROPEAN else EVERY_MARK
        texts = tf.strings.regex_replace(texts, *marks)
    words = tf_text.regex_split(texts, f"{SPACE}|{kept}", kept)
    if lowercase:
        words = tf_text.case_fold_utf8(words)
    is_long = tf.strings.length(words.flat_values) > MOST_BYTES
    return tf.cond(tf.reduce_any(is_long), lambda: _cut(words, is_long), lambda: words)


def _cut(words, is_long):
    """Returns words with those that are too long in parts."""
    flat = words.flat_values
    # A line end is a word boundary, so no word holds one.
    parts = tf.strings.regex_replace(flat, PART, "\\1\n")
    parts = tf.strings.regex_replace(parts, "\n$", "")
    parts = tf.strings.split(tf.where(is_long, parts, flat), "\n")
    return words.with_flat_values(parts).merge_dims(1, 2)
