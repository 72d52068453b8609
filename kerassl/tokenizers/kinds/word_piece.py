"""Training WordPiece: pieces of words, the frequent ones whole."""

from kerassl.errors import InvalidValue
from kerassl.tokenizers.corpus import empty_corpus
from kerassl.tokenizers.word_counts import SPECIAL, alphabet_of, count_words
from kerassl.tokenizers.word_piece_tokenizer import WordPieceTokenizer


def train_word_piece(batches, vocabulary_size, lowercase, coverage):
    """Returns a `WordPieceTokenizer` trained on a corpus.

    Args:
        batches: Lists of texts, as of `corpus_batches`.
        vocabulary_size: Pieces, at most, the special ones included.
        lowercase: Whether case is folded.
        coverage: Share of the corpus's characters that it must spell, in (0, 1].

    Raises:
        ValueError: If the texts hold no word, or their characters do not fit.

    Example:
        >>> tokenizer = train_word_piece([["a cat", "a hat"]], 12, True, 1.0)
        >>> [tokenizer.id_to_token(int(i)) for i in tokenizer("a hat")]
        ['a', 'h', '##at']
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    counts = count_words(batches, lowercase)
    if not counts:
        raise empty_corpus()
    alphabet = alphabet_of(counts, coverage)
    counts = {w: n for w, n in counts.items() if alphabet.issuperset(w)}
    first = {word[0] for word in counts}
    later = {"##" + character for word in counts for character in word[1:]}
    # The trainer takes every character alone too.
    alone = {character for word in counts for character in word} - first
    # Given as special pieces, so that their ids do not follow the trainer's
    # hash order: ties between merges are broken by id.
    pieces = [*SPECIAL, *sorted(first), *sorted(later), *sorted(alone)]
    if len(pieces) > vocabulary_size:
        raise InvalidValue(
            f"`vocabulary_size` must be at least {len(pieces)} to spell the "
            f"{len(alphabet)} different characters of this corpus; or lower "
            f"`character_coverage`, now {coverage}. Received: {vocabulary_size}"
        )
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary_size,
        min_frequency=1,
        special_tokens=pieces,
        show_progress=False,
    )
    model = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    model.train_from_iterator(
        ((word + " ") * number for word, number in counts.items()), trainer
    )
    vocabulary = sorted(model.get_vocab(), key=model.get_vocab().get)
    return WordPieceTokenizer(vocabulary, lowercase)
