"""How well an encoder's tokens tell entities, beside its controls."""

import collections
import functools
import time
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from kerassl import distribute
from kerassl.transfer.bar import progress_bar
from kerassl.transfer.copies import copy_of, random_weights
from kerassl.transfer.entity_scores import check_nervaluate, entity_scores
from kerassl.transfer.features import predict_whole
from kerassl.transfer.measure import Measure
from kerassl.transfer.options import (
    TOKEN_CONTROLS,
    TOKEN_METHODS,
    check_token_options,
    told_options,
)
from kerassl.transfer.tag_baselines import (
    lexicon_tags,
    split_sentences,
    window_features,
)
from kerassl.transfer.tagged_rows import TaggedRows
from kerassl.transfer.token_comparison import TITLES, TokenComparison
from kerassl.transfer.token_probe import fit_probe
from kerassl.transfer.tuning import Tuner, cross_entropy, planned_steps, tuning_work

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
# Rows of tokens whose features are in memory at a time.
BATCH = 64


class TokenClassification(Measure):
    """Measures how well entities are found by an encoder's token features.

    The features are those of each word's first token; a linear probe reads them as
    they are, fine-tuning trains the encoder with a linear head. Each is made for

    - `pretrained`: the task's encoder, which is not changed;
    - `random`: the same architecture with random weights, new ones for each draw,
      given the same labels and the same treatment;
    - `supervised`: the random one fine-tuned with ALL labelled sentences;
    - `input`: the words without any encoder: the most frequent tag of all, the most
      frequent tag that each word has in training, and a linear probe on the word and
      its two neighbours.

    Draw i has the seed `seed + i`; more sentences contain the fewer. Settings, and the
    step at which fine-tuning stops, are chosen on a validation part of the sentences
    drawn; the test set chooses nothing.

    Args:
        sentences: Numbers of labelled sentences; None for all. Where there are fewer,
            all are taken.
        draws: Number of draws of them.
        methods: Some of "linear_probe", "fine_tune".
        controls: Some of "random", "supervised", "input".
        validation: Share of the sentences drawn to choose settings on.
        strengths: Values of scikit-learn's `C` for the probes to choose from.
        fine_tune_options: Of `fine_tune`: "steps", "epochs", "learning_rate",
            "batch_size", "patience", "layer_decay" (of the pretrained encoder only).
        supervised_options: The same for the supervised control, on top of these.

    Raises:
        MissingPackage: If nervaluate is not installed.
        ValueError: If an argument is out of range.

    Example:
        >>> measure = TokenClassification(sentences=[100], draws=1)
        >>> measure.needs
        'tags'

    References:
        Devlin et al., 2019, section 5.3, https://arxiv.org/abs/1810.04805
    """

    name = "token_classification"
    needs = "tags"
    heading = "Entities by the features of tokens:"

    def __init__(
        self,
        *,
        sentences: Sequence[int | None] = (100, 1000),
        draws: int = 3,
        methods: Sequence[str] = TOKEN_METHODS,
        controls: Sequence[str] = TOKEN_CONTROLS,
        validation: float = 0.2,
        strengths: Sequence[float] = STRENGTHS,
        fine_tune_options: Mapping | None = None,
        supervised_options: Mapping | None = None,
    ):
        check_token_options(
            {
                "sentences": sentences,
                "draws": draws,
                "methods": methods,
                "controls": controls,
                "validation": validation,
                "strengths": strengths,
                "fine_tune_options": fine_tune_options,
                "supervised_options": supervised_options,
            }
        )
        check_nervaluate()
        self.sentences, self.draws = list(sentences), draws
        self.methods, self.controls = list(methods), list(controls)
        self.validation, self.strengths = validation, list(strengths)
        self.options = dict(fine_tune_options or {})
        self.supervised_options = {**self.options, **(supervised_options or {})}

    def told(self):
        asked = self.draws, self.methods, self.controls
        return "entities by " + told_options(self.sentences, "sentences", *asked)

    def work(self, train, test):
        budgets = [len(train) if n is None else n for n in self.sentences]
        networks = 1 + ("random" in self.controls)
        sizes = budgets * networks * ("fine_tune" in self.methods)
        fitted = tuning_work(sizes, self.options)
        if "supervised" in self.controls:
            fitted += tuning_work([len(train)], self.supervised_options)
        encoded = (len(train) + len(test)) * networks * len(budgets)
        return float(self.draws * (encoded + fitted))

    def left_out(self, task, test):
        reason = super().left_out(task, test)
        if reason is None and getattr(task.pretext, "tokenizer", None) is None:
            return "it needs a pretext layer with a tokenizer"
        if reason is None and _token_features(task.encoder) is None:
            return "it needs an encoder with features of each token"
        return reason

    def __call__(self, task, train, test, *, seed=0, progress=True):
        distribute.read_state(task)
        began = time.monotonic()
        rows: dict[tuple, list] = {}
        run = _Run(self, task, train, test, seed)
        budgets = list(dict.fromkeys(run.count(b) for b in self.sentences))
        cells = list(self._cells(budgets))
        with progress_bar(progress) as bar:
            shown = bar.add_task("finding entities", total=len(cells) * self.draws)
            for draw in range(self.draws):
                for key in cells:
                    bar.update(shown, description=f"{TITLES[key[1]]}, {key[0]}")
                    twin = key[0] == "supervised" and self._twin(rows)
                    found = twin[draw] if twin else run.measure(*key, draw)
                    rows.setdefault(key, []).append(found)
                    bar.advance(shown)
        protocol = {
            **run.facts(),
            "draws": self.draws,
            "seeds": [seed + draw for draw in range(self.draws)],
            "validation_share": self.validation,
            "options": {
                "strengths": self.strengths,
                "fine_tune": self.options,
                "supervised": self.supervised_options,
            },
            "seconds": round(time.monotonic() - began, 1),
        }
        return TokenComparison.of(rows, protocol)

    def _twin(self, rows):
        """Returns what the random encoder gave with all labels and these options."""
        same = self.options == self.supervised_options
        return rows.get(("random", "fine_tune", None)) if same else None

    def _cells(self, budgets):
        """Yields the (encoder, method, number of sentences) to measure."""
        if "input" in self.controls:
            yield from (
                ("input", method, budget)
                for method in ("majority", "lexicon", "window")
                for budget in budgets
            )
        encoders = ["pretrained", *(["random"] if "random" in self.controls else [])]
        for method in self.methods:
            yield from ((e, method, budget) for e in encoders for budget in budgets)
        if "supervised" in self.controls:
            yield "supervised", "fine_tune", None


class _Run:
    """The state of one measurement: rows of tokens and one compiled model."""

    def __init__(self, measure, task, train, test, seed):
        self.options, self.seed = measure, seed
        labels = [*train.labels, *test.labels]
        kinds = {tag for label in labels for tag in label.tags} - {"O"}
        self.tags = ["O", *sorted(kinds)]
        self.train = TaggedRows(train, task.pretext, self.tags)
        self.test = TaggedRows(test, task.pretext, self.tags)
        copy = copy_of(task.encoder)
        self.features = _token_features(copy)
        self.tuner = Tuner(copy, self.features, len(self.tags))
        self.random = functools.cache(lambda draw: random_weights(copy, seed + draw))
        self.pretrained = copy.get_weights()

    def count(self, budget):
        """Returns a number of sentences, None where it is that of all."""
        return None if budget is None or budget >= len(self.train) else budget

    def facts(self):
        columns = np.concatenate(self.test.columns)
        entities = [tag[0] == "B" for tags in self.test.tags for tag in tags]
        return {
            "train_sentences": len(self.train),
            "test_sentences": len(self.test),
            "test_words": len(columns),
            "test_words_without_place": int((columns < 0).sum()),
            "test_entities": sum(entities),
            "types": sorted({tag[2:] for tag in self.tags[1:]}),
        }

    def measure(self, encoder, method, budget, draw):
        """Returns (scores, settings) of one cell in one draw."""
        rng = np.random.default_rng([self.seed + draw, 0])
        chosen = rng.permutation(len(self.train))[:budget]
        cut = round(self.options.validation * len(chosen))
        kept, held = chosen[cut:], chosen[:cut]
        if encoder == "input":
            found, settings = self._of_words(method, kept, held)
        elif method == "linear_probe":
            self.tuner.encoder.set_weights(self._weights(encoder, draw))
            found, settings = self._probed(kept, held)
        else:
            found, settings = self._tuned(encoder, kept, held, draw)
        return entity_scores(self.test.tags, found), settings

    def _weights(self, encoder, draw):
        return self.pretrained if encoder == "pretrained" else self.random(draw)

    # --- Fine-tuning ---

    def _tuned(self, encoder, kept, held, draw):
        given = {"batch_size": 32, "patience": 5, "layer_decay": 1.0}
        given |= {"learning_rate": 0.001, "steps": None, "epochs": None}
        supervised = encoder == "supervised"
        given |= self.options.supervised_options if supervised else self.options.options
        if encoder != "pretrained":
            given["layer_decay"] = 1.0
        steps, epochs = given.pop("steps"), given.pop("epochs")
        settings = self.tuner.fit(
            len(kept),
            functools.partial(self._batches, kept),
            functools.partial(self._loss, held) if len(held) else None,
            weights=self._weights(encoder, draw),
            steps=planned_steps(steps, epochs, len(kept), given["batch_size"]),
            seed=self.seed + draw,
            **given,
        )
        numbers = [
            predict_whole(
                self.tuner.classifier, self.test.batch(some)[0], BATCH
            ).argmax(-1)
            for some in _parts(np.arange(len(self.test)))
        ]
        return self.test.decode(np.concatenate(numbers), self.tags), settings

    def _batches(self, kept, chosen, batch_size):
        for start in range(0, len(chosen), batch_size):
            yield self.train.batch(kept[chosen[start : start + batch_size]])

    def _loss(self, held):
        """Returns the mean cross-entropy in nats of the words that have a place."""
        total, words = 0.0, 0
        for some in _parts(held):
            x, targets, weights = self.train.batch(some)
            has = weights > 0
            logits = predict_whole(self.tuner.classifier, x, BATCH)
            if has.any():
                total += cross_entropy(logits[has], targets[has]) * has.sum()
                words += int(has.sum())
        return float(total / max(words, 1))

    # --- Linear probes ---

    def _probed(self, kept, held):
        (x, y), (x_held, y_held) = (self._words(self.train, s) for s in (kept, held))
        probe, strength = fit_probe(
            np.concatenate([x, x_held]),
            np.concatenate([y, y_held]),
            len(y),
            self.options.strengths,
        )
        numbers = np.zeros(self.test.targets.shape, int)
        for some in _parts(np.arange(len(self.test))):
            has = self.test.weights[some] > 0
            found = np.zeros(has.shape, int)
            if has.any():
                found[has] = probe.predict(self._words(self.test, some)[0])
            numbers[some] = found
        return self.test.decode(numbers, self.tags), {"C": strength}

    def _words(self, rows, chosen):
        """Returns (features, tags as numbers) of the words that have a place."""
        features = [np.empty((0, self.features.output.shape[-1]), "float32")]
        numbers = [np.empty(0, "int32")]
        for some in _parts(chosen):
            x, targets, weights = rows.batch(some)
            made = predict_whole(self.features, x, BATCH)
            features.append(made[weights > 0])
            numbers.append(targets[weights > 0])
        return np.concatenate(features), np.concatenate(numbers)

    def _of_words(self, method, kept, held):
        chosen = [*kept, *held]
        words = [self.train.words[i] for i in chosen]
        tags = [self.train.tags[i] for i in chosen]
        if method == "majority":
            counts = collections.Counter(tag for given in tags for tag in given)
            most = counts.most_common(1)[0][0]
            return [[most] * len(given) for given in self.test.words], {}
        if method == "lexicon":
            return lexicon_tags((words, tags), self.test.words), {}
        from sklearn.feature_extraction import DictVectorizer

        vectorizer = DictVectorizer()
        probe, strength = fit_probe(
            vectorizer.fit_transform(window_features(words)),
            np.concatenate(tags),
            sum(len(self.train.words[i]) for i in kept),
            self.options.strengths,
        )
        x_test = vectorizer.transform(window_features(self.test.words))
        found = split_sentences(probe.predict(x_test), self.test.words)
        return found, {"C": strength}


def _parts(positions):
    """Yields positions of so many sentences as are looked at together."""
    for start in range(0, len(positions), BATCH):
        yield positions[start : start + BATCH]


def _token_features(encoder):
    """Returns a model from an encoder's inputs to its features of each token.

    It is None where the encoder has no such features.
    """
    outputs = getattr(encoder, "output", None)
    if isinstance(outputs, dict):
        outputs = outputs.get("sequence_output")
    if not isinstance(getattr(encoder, "input", None), dict):
        return None
    if outputs is None or len(outputs.shape) != 3:
        return None
    if outputs.dtype != "float32":
        outputs = keras.layers.Activation("linear", dtype="float32")(outputs)
    return keras.Model(encoder.input, outputs, name=f"{encoder.name}_tokens")
