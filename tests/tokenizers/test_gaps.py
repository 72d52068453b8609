import numpy as np
import pytest

from kerassl.pretext.text import (
    MaskedTokens,
    NextToken,
    NoisyText,
    SpanCorruption,
    TextInfilling,
    TokenDeletion,
    Tokens,
)
from kerassl.tokenizers import train_tokenizer
from kerassl.tokenizers.gaps import check_prompts
from kerassl.tokenizers.spelling import spelled, texts_of

TEXTS = ["the cat sat on the mat", "a dog", "the dog sat on the cat"]


@pytest.fixture(scope="module")
def words():
    return train_tokenizer(TEXTS, vocabulary_size=32)


@pytest.fixture(scope="module")
def bytes_():
    return train_tokenizer(TEXTS * 20, "bpe", vocabulary_size=272)


def test_every_gap_is_a_mask_with_a_place(words):
    prompts = ["the [MASK] sat on the [MASK]", "a [MASK]"]
    x = MaskedTokens(words, 16).ask(prompts)
    ids = [words.token_to_id(t) for t in ("[CLS]", "the", "[MASK]", "sat", "[SEP]")]
    start, the, mask, sat, end = ids
    assert x["token_ids"][0, :4].tolist() == [start, the, mask, sat]
    assert x["token_ids"][0, -1] == end
    assert x["mask_positions"].tolist()[0] == [2, 6]
    assert x["mask_positions"][1, 1] == 0
    for row, positions in zip(x["token_ids"], x["mask_positions"], strict=True):
        used = positions[positions > 0]
        np.testing.assert_array_equal(used, np.flatnonzero(row == mask))
    assert x["padding_mask"].sum(1).tolist() == [8, np.count_nonzero(x["token_ids"][1])]


def test_a_space_belongs_to_what_follows_the_gap(bytes_):
    rows = NextToken(bytes_, 32).ask(["the cat"])
    the, cat = bytes_("the"), bytes_(" cat")
    assert rows == [[bytes_.end_token_id, *the, *cat]]
    x = SpanCorruption(bytes_, 32, noise_density=0.5, sentinels=20).ask(
        ["the [MASK] cat [MASK]"]
    )
    first = bytes_.vocabulary_size()
    wanted = [*the, first, *cat, first + 1, bytes_.end_token_id]
    assert x["encoder_token_ids"].tolist() == [wanted]


def test_an_answer_fills_the_gaps(words):
    pretext = SpanCorruption(words, 16, noise_density=0.5, sentinels=8)
    x = pretext.ask(["the [MASK] sat [MASK]"])
    first, sat = words.vocabulary_size(), words.token_to_id("sat")
    the = words.token_to_id("the")
    answer = np.array([[first, sat, first + 1, the, the, first + 2, 0]])
    (ids,) = pretext.recover(x, answer)
    assert texts_of(words, [ids]) == ["the sat sat the the"]


def test_a_bart_reads_the_mask_between_start_and_end(words):
    pretext = NoisyText(words, 12, [TextInfilling()], start_token=True)
    x = pretext.ask(["the [MASK]", "a dog"])
    names = ("[CLS]", "the", "[MASK]", "[SEP]")
    wanted = [words.token_to_id(name) for name in names]
    assert x["encoder_token_ids"][0, :4].tolist() == wanted
    assert x["decoder_token_ids"].shape == (2, 12)
    assert x["decoder_token_ids"][:, 0].tolist() == [words.end_token_id] * 2


def test_the_longest_prompt_fits(words):
    text = " ".join(["the"] * 10)
    x = NoisyText(words, 12, [TextInfilling()], start_token=True).ask([text])
    assert x["encoder_token_ids"].shape == (1, 12)
    assert MaskedTokens(words, 12).ask([f"{text[:-4]} [MASK]"])["token_ids"].size == 12
    assert len(NextToken(words, 12).ask([text])[0]) == 11


@pytest.mark.parametrize(
    ("make", "prompt", "message"),
    [
        (lambda t: MaskedTokens(t, 8), "the cat", r"must hold \[MASK\] where"),
        (lambda t: MaskedTokens(t, 8), "", r"must hold \[MASK\] where"),
        (lambda t: MaskedTokens(t, 8), "the " * 6 + "[MASK]", "at most 6 tokens.* 7"),
        (lambda t: MaskedTokens(t, 8), "☃ [MASK]", "characters that .* knows"),
        (lambda t: SpanCorruption(t, 12), "the cat", r"must hold \[MASK\] where"),
        (lambda t: SpanCorruption(t, 12), "[MASK] a [MASK]", "at most 1 times"),
        (lambda t: NoisyText(t, 8, [TokenDeletion()]), "a [MASK]", "has never seen"),
        (lambda t: NoisyText(t, 8, [TextInfilling()]), " ", "must not be empty"),
        (lambda t: NoisyText(t, 8, [TextInfilling()]), "a " * 8, "at most 7 tokens"),
        (lambda t: NextToken(t, 8), "the " * 7, "at most 6 tokens"),
        (lambda t: NextToken(t, 8), "☃☃", "characters that the run's tokenizer knows"),
        (lambda t: Tokens(t, 8), "the cat", "Tokens does not say how"),
    ],
)
def test_prompts_that_cannot_be_asked(words, make, prompt, message):
    with pytest.raises(ValueError, match=message):
        make(words).ask([prompt])


def test_one_token_is_written_as_the_tokenizer_has_it(words, bytes_):
    assert spelled(words, words.token_to_id("cat")) == "cat"
    assert spelled(words, words.vocabulary_size() + 3) == "<35>"
    assert spelled(bytes_, bytes_(" the")[0]) == " the"


def test_ids_above_the_vocabulary_spell_nothing(words, bytes_):
    for tokenizer in (words, bytes_):
        ids = [int(i) for i in tokenizer("the cat")]
        assert texts_of(tokenizer, [[*ids, 999], []]) == ["the cat", ""]
    assert texts_of(words, []) == texts_of(bytes_, []) == []


@pytest.mark.parametrize("prompts", ["the cat", b"the", [b"the"], [1], None, 3])
def test_prompts_are_a_list_of_strings(prompts):
    with pytest.raises(TypeError, match="`prompts` must be a list of strings"):
        check_prompts(prompts)
    with pytest.raises(ValueError, match="`of` must hold a text"):
        check_prompts([], "of")
    with pytest.raises(ValueError, match="`of` must be text in UTF-8"):
        check_prompts(["\ud800"], "of")
