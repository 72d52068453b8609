"""What an encoder is worth, beside honest controls and with few labels."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerassl.transfer.bar import progress_bar
from kerassl.transfer.comparison import Comparison
from kerassl.transfer.examples import check_task, labelled
from kerassl.transfer.fine_tune import FineTuner
from kerassl.transfer.inputs.features import InputFeatures
from kerassl.transfer.options import (
    CONTROLS,
    METHODS,
    check_inputs,
    check_options,
    draws_of,
    title,
)
from kerassl.transfer.subjects import Given, Network, Setting

__all__ = ["Comparison", "compare"]


def compare(
    encoder,
    train,
    test,
    *,
    labels_per_class: Sequence[int | None] = (1, 5, 10, None),
    draws: int = 5,
    methods: Sequence[str] = METHODS,
    controls: Sequence[str] = CONTROLS,
    inputs: Sequence[InputFeatures] = (),
    validation: Any = 0.2,
    seed: int = 0,
    pooling: str = "auto",
    features: str | Sequence[str] = "auto",
    calibrate: bool = False,
    knn_options: dict | None = None,
    linear_probe_options: dict | None = None,
    fine_tune_options: dict | None = None,
    supervised_options: dict | None = None,
    progress: Any = True,
) -> Comparison:
    """Measures an encoder beside the same encoder without pretraining.

    Each measurement is made for

    - `pretrained`: the encoder given, which is not changed;
    - each of `inputs`: what there is without any encoder, such as raw pixels or
      TF-IDF, given the same labels, the same kNN and linear probe, and the
      classifiers that it brings, such as naive Bayes;
    - `random`: the same architecture with random weights, new ones for each
      draw, given the same labels and the same treatment. No residual branch of
      it is shut (see `random_control`), for fine-tuning neither: with few labels
      a small ResNet learns more from there than from where its own training
      begins (`benchmarks/random_control.py`);
    - `supervised`: the same architecture trained from such weights with ALL
      training labels, anew for each draw, of which it has at most 3 where few
      labels are measured too. It is an upper bound for frozen
      features: with 1 label a class its kNN and probe still use features made
      with all labels. Under fine-tuning it has one figure, the accuracy of
      that network itself.

    Draw i has the seed `seed + i`: it draws the labelled examples (stratified;
    more labels contain the fewer), the validation part, the head and the
    control's weights. Settings are chosen on the validation part, which is cut
    out of the labels drawn. With one or two labels a class nothing can be cut
    out, and the fixed defaults of `linear_probe` and `fine_tune` hold. The test
    set chooses nothing. Since all saw the same labels in a draw, the verdict (see
    `Comparison.verdict`) has an interval of paired differences.

    Args:
        encoder: A functional `keras.Model` whose configuration serialises.
        train: (x, y), prepared encoder inputs and labels. `PreparedExamples` need
            not be in memory.
        test: (x, y) likewise.
        labels_per_class: Numbers of labels a class; None for all. A class with
            fewer gives all it has.
        draws: Number of label draws, at most 3 of them with all labels where fewer
            are measured too. The interval of the verdict needs 2 and is narrow
            from 5 on.
        methods: Some of "knn", "linear_probe", "fine_tune".
        controls: Some of "input", "random", "supervised". For "input" a measure
            such as `Classification` makes `inputs`; here they are given.
        inputs: What is measured without any encoder.
        validation: Share of the labels drawn to choose settings on, or (x, y) of
            other examples. For each of `inputs` it is then the `validation` of its
            own, and a share of 0.2 where there is none.
        seed: Integer, seed of the first draw.
        pooling: As in `kerassl.encoders.pool`.
        features: What of the encoder, pretrained, random or supervised alike, the
            linear probe chooses from on the validation part: "auto" for all that
            `kerassl.encoders.feature_sets.feature_sets` finds, "pooled" for the
            pooled output alone, or a list of names. Where nothing can be chosen it
            takes the first, "pooled" by default. kNN always takes "pooled".
        calibrate: Whether the batch normalisation of the random control, where its
            features are read as they are, has the statistics of unlabelled training
            examples. Not by default: a control is to be strong, and a probe of the
            small ResNets is better without (`benchmarks/random_control.py`).
        knn_options: Arguments of `knn`.
        linear_probe_options: Arguments of `linear_probe`. Its strengths hold for
            features that are standardised.
        fine_tune_options: Arguments of `FineTuner.fit`, such as `steps` or
            `learning_rate`. `layer_decay` holds for the pretrained encoder
            only: random lower layers need the whole rate.
        supervised_options: The same for the supervised control, on top of
            `fine_tune_options`.
        progress: Whether to show a progress bar, or a `rich.progress.Progress`
            to show it in.

    Returns:
        A `Comparison`.

    Raises:
        ValueError: If an argument is unknown or out of range.

    Example:
        >>> import keras
        >>> x, y = np.eye(2).repeat(9, axis=0), np.array([0, 1]).repeat(9)
        >>> encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        >>> options = dict(methods=["knn"], controls=[], progress=False)
        >>> result = compare(encoder, (x, y), (x, y), **options)
        >>> result.row("pretrained", "knn", None)["mean"]
        1.0
    """
    train, test = labelled(train, "train"), labelled(test, "test")
    check_task(encoder, train)
    check_options(
        {
            "labels_per_class": labels_per_class,
            "draws": draws,
            "methods": methods,
            "controls": controls,
            "validation": validation,
            "seed": seed,
            "pooling": pooling,
            "features": features,
            "calibrate": calibrate,
            "knn_options": knn_options,
            "linear_probe_options": linear_probe_options,
            "fine_tune_options": fine_tune_options,
            "supervised_options": supervised_options,
        }
    )
    if isinstance(validation, tuple | list):
        validation = labelled(validation, "validation")
    check_inputs(inputs, len(train[1]), len(test[1]))
    options = {
        "knn": knn_options or {},
        "linear_probe": linear_probe_options or {},
        "fine_tune": fine_tune_options or {},
    }
    options["supervised"] = {**options["fine_tune"], **(supervised_options or {})}
    setting = Setting(
        train, test, seed, validation, options, pooling, features, calibrate
    )
    tuner = FineTuner(encoder, np.unique(train[1]), pooling=pooling)
    kinds = [each for each in controls if each != "input"]
    subjects = [
        Network(setting, "pretrained", methods, encoder, tuner),
        *(Given(setting, methods, each) for each in inputs),
        *(Network(setting, kind, methods, encoder, tuner) for kind in kinds),
    ]
    began = time.monotonic()
    rows = _measured(subjects, list(labels_per_class), draws, progress)
    protocol = {
        "train_examples": len(train[1]),
        "test_examples": len(test[1]),
        "classes": len(np.unique(train[1])),
        "fewest_labels": int(np.unique(train[1], return_counts=True)[1].min()),
        "draws": draws,
        "draws_of_all_labels": draws_of(None, labels_per_class, draws),
        "seeds": [seed + draw for draw in range(draws)],
        **_chosen_on(validation),
        "pooling": pooling,
        "features": features if isinstance(features, str) else list(features),
        "calibrated": calibrate,
        "inputs": {each.name: _tried(each) for each in inputs},
        "options": options,
        "seconds": round(time.monotonic() - began, 1),
    }
    return Comparison(rows, protocol)


def _measured(subjects, budgets, draws, progress):
    """Returns the rows of all subjects, methods and budgets."""
    found: dict[tuple, list] = {}
    plan = [
        (place, draw, [b for b in budgets if draw < draws_of(b, budgets, draws)])
        for place, subject in enumerate(subjects)
        for draw in range(_times(subject, budgets, draws))
    ]
    with progress_bar(progress) as bar:
        cells = sum(len(subjects[place].methods) * len(of) for place, _, of in plan)
        task = bar.add_task("comparing", total=cells)
        for place, draw, measured in plan:
            subject = subjects[place]
            subject.start(draw)
            for budget in measured:
                for method in subject.methods:
                    bar.update(task, description=f"{title(method)}, {subject.name}")
                    result = subject.measure(method, budget)
                    if result is not None:
                        key = (place, method, budget)
                        found.setdefault(key, []).append(result)
                    bar.advance(task)
    return [_row(subjects[place], *key, of) for (place, *key), of in found.items()]


def _times(subject, budgets, draws):
    """Returns how often a subject is measured: one made with all labels less often."""
    return draws_of(None, budgets, draws) if subject.kind == "supervised" else draws


def _row(subject, method, budget, found):
    accuracies = [accuracy for accuracy, _ in found]
    return {
        "encoder": subject.name,
        "kind": subject.kind,
        "method": method,
        "labels_per_class": budget,
        "accuracies": accuracies,
        "mean": float(np.mean(accuracies)),
        "std": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else 0.0,
        "settings": [settings for _, settings in found],
        **subject.facts,
    }


def _chosen_on(validation):
    """Returns what of the validation part a reader of the figures should know."""
    if isinstance(validation, tuple):
        return {"validation_share": None, "validation_examples": len(validation[1])}
    return {"validation_share": validation}


def _tried(features):
    """Returns what of input features a reader of the figures should know."""
    dim = int(features.train.shape[1])
    return {"dim": dim, "standardised": bool(features.standardise)}
