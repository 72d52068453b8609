"""Arguments of tasks, layers and measures from Python, and calls at their edges."""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hostile_inputs import in_time, refused

import kerassl
from kerassl import encoders, models, pretext, transfer
from kerassl.data import as_source, train_tokenizer
from kerassl.locks import locked

UNIT = np.random.default_rng(0).random((40, 8, 8, 1)).astype("float32")
LABELS = np.arange(40) % 2
NUMBERS = ["abc", math.nan, math.inf, -1, None, [1], True, {}, 1e300]
COUNTS = [*NUMBERS, 1.5, 0, 10**12]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["a b c d e"], vocabulary_size=10)


def dense():
    return encoders.dense((8, 8, 1), hidden_dims=(4,))


@functools.cache
def bert():
    return encoders.bert(9, 1, 2, 8, 8, max_sequence_length=8)


@functools.cache
def recurrent_text():
    return encoders.recurrent_text(9, 4, 4, num_layers=1)


def autoencoder(**options):
    return models.Autoencoder(dense(), pretext=pretext.Reconstruct(), **options)


def on_dense(model, **fixed):
    return lambda **options: model(dense(), pretext.TwoViews(8), **{**fixed, **options})


def cmc(**options):
    halves = [encoders.dense((8, 4, 1), (4,), name=side) for side in ("left", "right")]
    encoder = encoders.side_by_side(halves, "width")
    return models.CMC(encoder, view_names=("left", "right"), **options)


def patch_cpc(**options):
    patches = encoders.dense((4, 4, 1), hidden_dims=(4,))
    encoder = encoders.patch_grid(patches, (8, 8, 1), stride=2)
    return models.PatchCPC(encoder, **{"last_step": 2, **options})


def amdim(**options):
    sizes = (4, 4, 4, 4), (2, 3, 3, 3), (1, 1, 1, 1), 1
    return models.AMDIM(encoders.multiscale_cnn((8, 8, 1), *sizes), **options)


@functools.cache
def small_vit():
    return encoders.vit((8, 8, 1), 2, num_layers=1, num_heads=2, hidden_dim=8)


def ijepa(**options):
    sizes = {"predictor_dim": 8, "predictor_layers": 1, "predictor_heads": 2}
    given = {"total_steps": 4, **sizes, **options}
    return models.IJEPA(small_vit(), pretext.MultiBlock(8, 2, 2), **given)


def ibot(**options):
    sizes = {"output_dim": 4, "hidden_dim": 4, "bottleneck_dim": 4}
    crops = pretext.MaskedCrops(8, 4, 2)
    return models.IBOT(small_vit(), crops, **{"total_steps": 4, **sizes, **options})


def mae(**options):
    sizes = {"decoder_dim": 8, "decoder_layers": 1, "decoder_heads": 2}
    return models.MAE(small_vit(), pretext.MaskedPatches(8, 2), **sizes | options)


def drop_pos(**options):
    sizes = {"decoder_dim": 8, "decoder_layers": 1, "decoder_heads": 2}
    masks = pretext.MaskedPatches(8, 2)
    return models.DropPos(small_vit(), masks, **{"total_steps": 4, **sizes, **options})


def sparse(**options):
    encoder = encoders.dense((8, 8, 1), (4,), activation="sigmoid")
    return models.SparseAutoencoder(encoder, pretext.Reconstruct(), **options)


def vae(**options):
    encoder = encoders.dense((8, 8, 1), (4,), linear_features=True)
    return models.VAE(encoder, pretext.ExampleAndNoise(4), **options)


def vq_vae(**options):
    encoder = encoders.conv((8, 8, 1), (4,), 2, grid=True)
    return models.VQVAE(encoder, pretext.Reconstruct(), **options)


TOKENS = {"tokenizer": None}
MAKERS = {
    "SimCLR": on_dense(models.SimCLR),
    "MoCo": on_dense(models.MoCo, queue_size=8),
    "BYOL": on_dense(models.BYOL, total_steps=4, hidden_dim=4),
    "DeepCluster": on_dense(models.DeepCluster, num_examples=8, num_clusters=2),
    "SwAV": on_dense(models.SwAV, hidden_dim=4),
    "VICReg": on_dense(models.VICReg, hidden_dims=(4,), projection_dim=4),
    "BarlowTwins": on_dense(models.BarlowTwins, hidden_dims=(4,), projection_dim=4),
    "NNCLR": on_dense(models.NNCLR, hidden_dims=(4,), predictor_dim=4, queue_size=8),
    "MoCoV3": on_dense(models.MoCoV3, total_steps=4, hidden_dims=(4,), predictor_dim=4),
    "DecoupledContrastive": on_dense(models.DecoupledContrastive),
    "Triplet": on_dense(models.Triplet),
    "CMC": cmc,
    "PatchCPC": patch_cpc,
    "AMDIM": amdim,
    "DINO": on_dense(models.DINO, total_steps=4, output_dim=4, hidden_dim=4),
    "SupCon": on_dense(models.SupCon, hidden_dims=(4,)),
    "SimSiam": on_dense(models.SimSiam, hidden_dims=(4,), predictor_dim=2),
    "MP3": lambda **options: models.MP3(bert(), **options),
    "RecurrentLM": lambda **options: models.RecurrentLM(recurrent_text(), **options),
    "Puzzle": lambda **options: models.Puzzle(
        dense(), **{"num_tiles": 2, "num_classes": 3, **options}
    ),
    "Colorization": lambda **options: models.Colorization(
        encoders.plain_cnn((8, 8, 1), (4,), (1,)), **options
    ),
    "PixelCNN": lambda **options: models.PixelCNN(
        encoders.gated_pixel_cnn((4, 4, 1), 2, 1), **{"levels": 2, **options}
    ),
    "TwoViews": pretext.TwoViews,
    "MaskedCrops": pretext.MaskedCrops,
    "MultiBlock": pretext.MultiBlock,
    "MultiCrop": pretext.MultiCrop,
    "RandomView": pretext.RandomView,
    "LabView": pretext.LabView,
    "MAE": mae,
    "DropPos": drop_pos,
    "IJEPA": ijepa,
    "IBOT": ibot,
    "SparseAutoencoder": sparse,
    "VAE": vae,
    "VQVAE": vq_vae,
    "MaskedPatches": pretext.MaskedPatches,
    "Reconstruct": pretext.Reconstruct,
    "GaussianNoise": pretext.GaussianNoise,
    "MaskingNoise": pretext.MaskingNoise,
    "SaltAndPepperNoise": pretext.SaltAndPepperNoise,
    "ExampleAndNoise": pretext.ExampleAndNoise,
    "ImagesAndNoise": pretext.ImagesAndNoise,
    "Colorize": pretext.Colorize,
    "NextPixel": pretext.NextPixel,
    "Rotation": pretext.Rotation,
    "RelativePosition": pretext.RelativePosition,
    "Jigsaw": pretext.Jigsaw,
    "MaskedTokens": pretext.MaskedTokens,
    "SpanCorruption": pretext.SpanCorruption,
    "ContextWindow": pretext.ContextWindow,
    "NextToken": pretext.NextToken,
    "Tokens": pretext.Tokens,
}
OF_NUMBERS = {
    "IJEPA": ["base_momentum"],
    "IBOT": ["base_momentum", "centre_momentum", "patch_weight"],
    "SimCLR": ["temperature"],
    "MoCo": ["temperature", "momentum"],
    "BYOL": ["base_tau"],
    "SwAV": ["temperature", "epsilon"],
    "VICReg": ["invariance_weight", "variance_weight", "covariance_weight"],
    "BarlowTwins": ["redundancy_weight"],
    "NNCLR": ["temperature"],
    "MoCoV3": ["temperature", "base_momentum"],
    "DecoupledContrastive": ["temperature"],
    "SupCon": ["temperature"],
    "Triplet": ["margin"],
    "CMC": ["temperature"],
    "PatchCPC": ["prediction_scale"],
    "AMDIM": ["clip", "penalty_weight"],
    "DINO": ["student_temperature", "teacher_temperature", "base_momentum"],
    "SparseAutoencoder": ["target_activity", "sparsity_weight"],
    "VAE": ["beta", "free_bits"],
    "VQVAE": ["commitment_weight", "decay", "restart"],
    "DropPos": ["position_mask_ratio", "sigma"],
    "MaskedPatches": ["mask_ratio"],
    "GaussianNoise": ["stddev"],
    "MaskingNoise": ["rate"],
    "SaltAndPepperNoise": ["rate"],
    "MP3": ["mask_rate"],
    "MaskedCrops": ["mask_ratio", "mask_spread", "masked_share"],
    "MultiBlock": ["context_limit", "flip_rate"],
    "MultiCrop": ["blur_rate", "color_strength"],
    "Colorization": ["sigma", "uniform_share", "temperature"],
    "Colorize": ["flip_rate", "least_chroma"],
    "Rotation": ["flip_rate"],
    "RelativePosition": ["flip_rate", "downsample_rate"],
    "Jigsaw": ["flip_rate", "grayscale_rate"],
    "TwoViews": ["flip_rate", "color_rate", "color_strength", "grayscale_rate"],
    "MaskedTokens": ["mask_rate", "mask_token_rate", "random_token_rate"],
    "SpanCorruption": ["noise_density", "mean_span_length"],
    "ContextWindow": ["subsampling"],
}
OF_COUNTS = {
    "SimCLR": ["projection_dim"],
    "MoCo": ["projection_dim", "queue_size"],
    "BYOL": ["total_steps", "projection_dim", "hidden_dim"],
    "DeepCluster": ["num_examples", "num_clusters"],
    "SwAV": ["projection_dim", "hidden_dim", "num_prototypes", "sinkhorn_rounds"],
    "VICReg": ["projection_dim"],
    "BarlowTwins": ["projection_dim"],
    "NNCLR": ["projection_dim", "predictor_dim", "queue_size"],
    "MoCoV3": ["total_steps", "projection_dim", "predictor_dim"],
    "DecoupledContrastive": ["projection_dim"],
    "SupCon": ["projection_dim"],
    "Triplet": ["projection_dim"],
    "CMC": ["projection_dim"],
    "PatchCPC": ["first_step", "last_step", "target_dim", "context_dim"],
    "DINO": ["total_steps", "output_dim", "hidden_dim", "bottleneck_dim"],
    "SimSiam": ["projection_dim", "predictor_dim"],
    "RecurrentLM": ["max_batch_size"],
    "Puzzle": ["num_tiles", "num_classes"],
    "TwoViews": ["size"],
    "MaskedCrops": ["size", "local_size", "patch_size"],
    "MultiBlock": ["size", "patch_size", "num_targets"],
    "MultiCrop": ["size", "local_size", "num_global_views"],
    "RandomView": ["size"],
    "LabView": ["size"],
    "IJEPA": ["total_steps", "predictor_dim", "predictor_layers", "predictor_heads"],
    "IBOT": ["total_steps", "output_dim", "hidden_dim", "bottleneck_dim"],
    "MAE": ["decoder_dim", "decoder_layers", "decoder_heads"],
    "DropPos": ["total_steps", "decoder_dim", "decoder_layers", "decoder_heads"],
    "MaskedPatches": ["size", "patch_size"],
    "ExampleAndNoise": ["noise_dim"],
    "ImagesAndNoise": ["noise_dim"],
    "Colorization": ["hidden_dim", "neighbours", "grid"],
    "PixelCNN": ["hidden_dim", "levels"],
    "VQVAE": ["num_codes"],
    "Colorize": ["size"],
    "NextPixel": ["levels"],
    "Rotation": ["size"],
    "RelativePosition": ["size", "tile_size", "pairs"],
    "Jigsaw": ["size", "tile_size"],
    "MaskedTokens": ["sequence_length"],
    "SpanCorruption": ["sequence_length"],
    "ContextWindow": ["sequence_length", "window", "block_length"],
    "NextToken": ["sequence_length"],
    "Tokens": ["sequence_length"],
}
CASES = [
    (name, argument, value)
    for table, values in ((OF_NUMBERS, NUMBERS), (OF_COUNTS, COUNTS))
    for name, arguments in table.items()
    for argument in arguments
    for value in values
]


@pytest.mark.parametrize(("name", "argument", "value"), CASES, ids=str)
def test_an_argument(name, argument, value):
    refused(argument, lambda: MAKERS[name](**{argument: value}))


@pytest.mark.parametrize("value", ["best", 5, None, ["mean"]], ids=str)
def test_a_choice(value):
    refused("`criterion`", lambda: autoencoder(criterion=value))
    refused("`pooling`", lambda: MAKERS["SimCLR"](pooling=value))


@pytest.mark.parametrize("value", [None, 5, "resnet", [], dense])
@pytest.mark.parametrize("model", [models.SimCLR, models.MaskedLM, models.CausalLM])
def test_no_encoder(model, value):
    refused("`encoder`", lambda: model(value))


# ------------------------------------------------------------------- pretrain

WRONG = [
    ({"steps": 0}, "`steps`"),
    ({"steps": -1}, "`steps`"),
    ({"steps": 1.5}, "`steps`"),
    ({"steps": "abc"}, "`steps`"),
    ({"steps": math.nan}, "`steps`"),
    ({"steps": True}, "`steps`"),
    ({"batch_size": 0}, "`batch_size`"),
    ({"batch_size": "abc"}, "`batch_size`"),
    ({"batch_size": 41}, "`batch_size`"),
    ({"seed": None}, "`seed`"),
    ({"seed": 0.5}, "`seed`"),
    ({"strategy": 5}, "strategy"),
    ({"strategy": None}, "strategy"),
    ({"strategy": "cpu:99999999999"}, "cpu"),
    ({"checkpoint_seconds": math.nan}, "`checkpoint_seconds`"),
    ({"checkpoint_seconds": "abc"}, "`checkpoint_seconds`"),
    ({"overrides": {"model.temperature": 1}}, "`overrides`"),
    ({"overrides": [1]}, "`overrides`"),
    ({"out": 5}, "`out`"),
    ({"out": ""}, "`out`"),
    ({"data": None}, "`data`"),
    ({"data": 5}, "Examples must be"),
    ({"data": UNIT[0]}, "`batch_size`|shape"),
    ({"data": UNIT * 255}, "divide them by 255"),
    ({"data": UNIT * 2 - 1}, r"\(x \+ 1\) / 2"),
    ({"data": np.repeat(UNIT, 3, -1)}, "takes examples of shape"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda v: str(v)[:40])
def test_pretrain(options, message, tmp_path):
    options = {"data": UNIT, "out": tmp_path / "run", "steps": 1, **options}
    options = {"batch_size": 8, "progress": False, **options}
    refused(message, lambda: kerassl.pretrain(autoencoder(), **options))
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    "task",
    [None, 5, [], {}, "", dense, as_source(UNIT)],
    ids=lambda task: type(task).__name__,
)
def test_no_task(task, tmp_path):
    refused("preset", lambda: kerassl.pretrain(task, UNIT, out=tmp_path, steps=1))


def test_a_folder_another_process_has(tmp_path):
    with locked(tmp_path):
        options = {"out": tmp_path, "steps": 1, "batch_size": 8, "progress": False}
        refused(
            "Another process", lambda: kerassl.pretrain(autoencoder(), UNIT, **options)
        )


def test_a_finished_task_is_trained_on_with_a_rate(tmp_path):
    options = {"steps": 2, "batch_size": 8, "progress": False, "evaluate": False}
    run = kerassl.pretrain(autoencoder(), UNIT, out=tmp_path / "a", **options)
    task = run.task
    before = [np.array(w) for w in task.trainable_weights]
    try:
        with in_time():
            task.fit(task.dataset(UNIT, 8), steps_per_epoch=2, verbose=0)
    except kerassl.errors.UserError as error:
        assert "rate" in str(error) and len(str(error).splitlines()) == 1
        return
    moved = zip(before, task.trainable_weights, strict=True)
    assert any(np.abs(a - np.array(b)).max() > 0 for a, b in moved)


# ------------------------------------------------------- predict, measures, files


def test_predict_gives_every_row():
    task = autoencoder()
    task.compile("sgd")
    assert len(task.predict(task.dataset(UNIT, 12), verbose=0)) == 40
    assert len(task.features(UNIT)) == 40


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (UNIT[:0], LABELS[:0], "vector of integer or string labels"),
        (UNIT, LABELS[:3], "label"),
        (UNIT, LABELS * 0, "two classes"),
        (UNIT, LABELS / 3, "label"),
        (UNIT, [["a"]] * 40, "label"),
        (UNIT, None, "label"),
        (UNIT * np.nan, LABELS, "finite|NaN"),
        (UNIT[..., 0], LABELS, "shape"),
        ("digits", LABELS, "one row an example"),
    ],
    ids=range(9),
)
def test_compare(x, y, message):
    options = {"methods": ["knn"], "labels_per_class": [2], "draws": 1, "controls": []}
    test = UNIT, LABELS
    refused(message, lambda: transfer.compare(dense(), (x, y), test, **options))


@pytest.mark.parametrize(
    "scores",
    [
        [1, 1, 1],
        [1, 2],
        [1, math.nan, 2],
        ["a", "b", "c"],
        [1e300, 1e999, 2],
        None,
        5,
        [[1], [2], [3]],
    ],
    ids=str,
)
def test_scores_of_a_similarity(scores, tokenizer):
    import keras_hub

    encoder = keras_hub.models.BertBackbone(10, 1, 2, 8, 16)
    pairs = [("a b", "a b"), ("a b", "c d"), ("a b", "a d")]
    call = transfer.sentence_similarity
    refused("`scores`", lambda: call(encoder, tokenizer, pairs, scores))


@pytest.mark.parametrize("how", ["cut", "emptied", "written to", "removed"])
def test_a_large_text_that_changes_while_it_is_read(how, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a line of text\n" * 200_000)
    source = as_source(path)
    if how == "removed":
        path.unlink()
    elif how == "written to":
        path.write_text("b line of text\n" * 200_000)
    else:
        path.write_text("" if how == "emptied" else "a line of text\n" * 9)
    with pytest.raises((OSError, tf.errors.OpError), match="changed|No such file"):
        source.fetch([199_999])


# ------------------------------------------------------------------- strategies


def trained(place, make, path, batch_size, optimizer):
    """Returns the weights after two steps."""
    place = kerassl.distribute.strategy(place)
    keras.utils.set_random_seed(0)
    with place.scope():
        task = make()
        task.compile(optimizer(), jit_compile=False)
    options = {"steps": 2, "evaluate": False, "progress": False}
    run = kerassl.pretrain(
        task, UNIT, out=path, batch_size=batch_size, strategy=place, **options
    )
    return [np.array(weight) for weight in run.task.trainable_weights]


def accumulating():
    return keras.optimizers.AdamW(0.01, gradient_accumulation_steps=2)


@pytest.mark.parametrize(
    ("place", "make", "batch_size", "optimizer"),
    [
        ("cpu:1", autoencoder, 8, accumulating),
        ("cpu:2", autoencoder, 7, keras.optimizers.SGD),
    ],
)
def test_a_strategy_changes_no_weight(place, make, batch_size, optimizer, tmp_path):
    with in_time():
        one = trained("one", make, tmp_path / "one", batch_size, optimizer)
        other = trained(place, make, tmp_path / "other", batch_size, optimizer)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("place", ["cpu:1", "cpu:2"])
def test_a_task_made_outside_of_a_strategy(place, tmp_path):
    call = kerassl.pretrain
    options = {"out": tmp_path, "steps": 1, "batch_size": 8, "progress": False}
    refused("`strategy`", lambda: call(autoencoder(), UNIT, strategy=place, **options))


def test_more_replicas_than_examples(tmp_path):
    with kerassl.distribute.strategy("cpu:2").scope():
        refused("`batch_size`", lambda: autoencoder().dataset(UNIT, batch_size=1))


@pytest.mark.parametrize("steps", [1, 2, 6])
def test_a_short_run_leaves_its_warm_up(steps, tmp_path):
    run = kerassl.pretrain(
        "autoencoder_dense",
        UNIT,
        out=tmp_path / "run",
        steps=steps,
        batch_size=8,
        evaluate=False,
        progress=False,
        overrides={
            "encoder.input_shape": [8, 8, 1],
            "encoder.hidden_dims": [4],
            "pretext.size": 8,
        },
    )
    recipe = run.config["recipe"]
    assert recipe["warmup_steps"] < max(1, steps)
