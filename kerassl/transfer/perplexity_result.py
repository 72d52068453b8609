"""What a language model needs to tell texts, beside what counting needs."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from kerassl.transfer.verdict import Verdict, verdict


@dataclass(frozen=True)
class PerplexityResult:
    """What a language model needs to tell texts, beside models that only count.

    The unigram model tells each token by its frequency, without context; the byte
    n-gram model each byte by those before it (see
    `kerassl.transfer.inputs.ByteNgrams`).

    Attributes:
        tokens: Tokens that were told: those of the texts, and the end of each.
        bytes: Bytes of the texts in UTF-8.
        nats: Sum of the cross-entropy, in nats.
        accuracy: Share of tokens that were told rightly.
        unigram_nats: The same sum for the unigram model.
        ngram_nats: The same sum for the byte n-gram model, None where there was none.
        ngram_order: Bytes of its longest n-grams.
        byte_level: Whether the tokens tell every byte of the texts.
        parts: The texts in ten parts of about as many bytes, fewer where there are
            fewer texts: a dict for each of "tokens", "bytes", "nats", "unigram_nats"
            and "ngram_nats", the sums over it.

    Example:
        >>> found = PerplexityResult(tokens=4, bytes=8, nats=4.0,
        ...     accuracy=0.5, unigram_nats=8.0)
        >>> round(found.perplexity, 3), round(found.bits_per_byte, 3)
        (2.718, 0.721)
    """

    tokens: int
    bytes: int
    nats: float
    accuracy: float
    unigram_nats: float
    ngram_nats: float | None = None
    ngram_order: int | None = None
    byte_level: bool = True
    parts: Sequence[dict] = ()

    @property
    def perplexity(self) -> float:
        """Exponential of the nats a token; not to be compared across tokenizers."""
        return math.exp(self.nats / self.tokens)

    @property
    def bits_per_byte(self) -> float:
        """Bits for each byte of text, comparable across tokenizers."""
        return self.nats / math.log(2) / self.bytes

    @property
    def unigram_perplexity(self) -> float:
        """Perplexity of the unigram model."""
        return math.exp(self.unigram_nats / self.tokens)

    @property
    def unigram_bits_per_byte(self) -> float:
        """Bits per byte of the unigram model."""
        return self.unigram_nats / math.log(2) / self.bytes

    @property
    def ngram_perplexity(self) -> float | None:
        """Exponential of the byte n-gram model's nats for each of the same tokens."""
        if self.ngram_nats is None:
            return None
        return math.exp(self.ngram_nats / self.tokens)

    @property
    def ngram_bits_per_byte(self) -> float | None:
        """Bits per byte of the byte n-gram model."""
        if self.ngram_nats is None:
            return None
        return self.ngram_nats / math.log(2) / self.bytes

    @property
    def verdict(self) -> Verdict:
        """How the model compares with the better of those that only count.

        The differences are those of the parts, in bits a byte. Where the tokens do
        not tell every byte, the model is compared with the unigram model of the same
        tokens alone, in bits a token.
        """
        rivals = {"a unigram model of its tokens": "unigram_nats"}
        if self.byte_level and self.ngram_nats is not None:
            rivals[f"a byte {self.ngram_order}-gram model"] = "ngram_nats"
        against = min(rivals, key=lambda name: getattr(self, rivals[name]))
        per, unit = ("bytes", "byte") if self.byte_level else ("tokens", "token")
        parts = self.parts or [asdict(self)]
        differences = [
            (part[rivals[against]] - part["nats"]) / math.log(2) / part[per]
            for part in parts
            if part[per]
        ]
        told = {"input": rivals[against], "pretrained": "nats"}
        whole = math.log(2) * getattr(self, per)
        return verdict(
            differences,
            what="The language model",
            against=against,
            unit=f"bits a {unit}",
            digits=3,
            figures={kind: getattr(self, of) / whole for kind, of in told.items()},
            lower_is_better=True,
        )

    @property
    def rows(self) -> list[dict]:
        """One for each model that only counts and one for this one."""
        models = {"unigram": "unigram_"}
        if self.ngram_nats is not None:
            models[f"byte {self.ngram_order}-gram"] = "ngram_"
        return [
            {
                "model": model,
                "bits_per_byte": getattr(self, f"{prefix}bits_per_byte"),
                "perplexity": getattr(self, f"{prefix}perplexity"),
            }
            for model, prefix in {**models, "this one": ""}.items()
        ]

    def to_dict(self) -> dict:
        """Returns counts and measures as JSON's types."""
        names = ("perplexity", "bits_per_byte")
        kinds = ("", "unigram_", "ngram_")
        derived = [f"{kind}{name}" for kind in kinds for name in names]
        values = {name: getattr(self, name) for name in derived}
        parts = [dict(part) for part in self.parts]
        return {
            **asdict(self),
            **values,
            "parts": parts,
            "verdict": self.verdict.to_dict(),
        }

    def to_markdown(self) -> str:
        """Returns the verdict, and the table in Markdown."""
        lines = [
            self.verdict.sentence,
            "",
            "| model | bits per byte | perplexity a token |",
            "| --- | ---: | ---: |",
        ]
        if not self.byte_level:
            lines[0] += (
                " Its tokens do not tell every byte of the texts, which flatters its"
                " bits per byte and those of the unigram model."
            )
        for row in self.rows:
            cells = f"{row['bits_per_byte']:.3f} | {row['perplexity']:.1f}"
            lines.append(f"| {row['model']} | {cells} |")
        return "\n".join(lines)

    def figures(self) -> dict:
        """Returns none."""
        return {}
