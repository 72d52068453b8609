"""The presets of BART: the published size, the paper's noise."""

from kerassl import data, zoo
from kerassl.pretext import SentencePermutation, TextInfilling

TEXTS = ["the cat sat on the mat. it slept.", "the dog ate the hat"] * 4


def test_parameters_of_the_published_model():
    spec = zoo.config("bart_base")
    sizes = spec["encoder"]
    rows, layers, dim = (
        sizes[name] for name in ("vocabulary_size", "num_layers", "hidden_dim")
    )
    feed_forward = 2 * dim * sizes["intermediate_dim"] + sizes["intermediate_dim"] + dim
    attention = 4 * (dim**2 + dim)
    in_encoder = attention + feed_forward + 2 * 2 * dim
    in_decoder = 2 * attention + feed_forward + 3 * 2 * dim
    ends = 2 * (sizes["max_sequence_length"] * dim + 2 * dim)  # positions and norms
    count = rows * dim + layers * (in_encoder + in_decoder) + ends
    # As the published files have it, less the two positions that they leave unused
    # on each side.
    assert count == 139_417_344
    assert spec["tokenizer"]["vocabulary_size"] == rows


def test_a_small_one_is_counted_so_too():
    tokenizer = data.train_tokenizer(TEXTS, vocabulary_size=30)
    task = zoo.load("bart_tiny", tokenizer=tokenizer)
    dim, hidden = 128, 512
    attention, norm = 4 * (dim**2 + dim), 2 * dim
    feed_forward = 2 * dim * hidden + hidden + dim
    layers = 2 * (3 * attention + 2 * feed_forward + 5 * norm)
    assert task.backbone.count_params() == 30 * dim + layers + 2 * (64 * dim + norm)


def test_the_noise_is_the_paper_s():
    for name in ("bart_tiny", "bart_base"):
        pretext = zoo.build(zoo.config(name)["pretext"])
        permuted, infilled = pretext.noises
        assert isinstance(permuted, SentencePermutation) and permuted.rate == 1.0
        assert isinstance(infilled, TextInfilling)
        assert (infilled.rate, infilled.mean_span_length) == (0.3, 3.0)
        assert pretext.start_token
