"""What word vectors know: neighbours, analogies, human similarity scores."""

import numpy as np
from keras import ops

from kerassl.errors import InvalidValue
from kerassl.transfer.similarity import rank_correlation

# Questions answered at once: each takes one number a word of the vocabulary.
QUESTIONS = 256


class WordVectors:
    """Word vectors by the words' names.

    A word that is not there as written is looked up in lower case.

    Args:
        words: List of strings, each once.
        vectors: Float array (words, dim).

    Attributes:
        words: As given.
        vectors: Float32 NumPy array.

    Raises:
        ValueError: If the lengths differ or a word is there twice.

    Example:
        >>> vectors = WordVectors(["cat", "dog", "car"], [[1, 0], [0.9, 0.1], [0, 1]])
        >>> [word for word, _ in vectors.nearest("cat", 2)]
        ['dog', 'car']

    References:
        Mikolov et al., 2013, https://arxiv.org/abs/1301.3781
    """

    def __init__(self, words, vectors):
        self.words = list(words)
        self.vectors = np.asarray(vectors, np.float32)
        self._place = {word: i for i, word in enumerate(self.words)}
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.words):
            raise InvalidValue(
                "`vectors` must have the shape (words, dim) with one row for each of "
                f"{len(self.words)} words. Received shape: {self.vectors.shape}"
            )
        if len(self._place) != len(self.words):
            raise InvalidValue(
                f"`words` must hold each word once. Received {len(self.words)} of "
                f"which {len(self._place)} are different"
            )
        norms = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        self._unit = self.vectors / np.maximum(norms, 1e-12)

    @classmethod
    def of(cls, task):
        """Returns the word vectors of a task, without its special tokens.

        Args:
            task: A `kerassl.models.SkipGram` or `CBOW`.
        """
        from kerassl import distribute

        distribute.read_state(task)
        tokenizer = task.pretext.tokenizer
        places = np.flatnonzero(task.pretext.keep_probabilities())
        words = [tokenizer.id_to_token(int(place)) for place in places]
        return cls(words, ops.convert_to_numpy(task.word_embedding.embeddings)[places])

    @classmethod
    def load_text(cls, path):
        """Returns the vectors of a file in the text format of word2vec.

        Args:
            path: The file.

        Raises:
            ValueError: If the file does not hold what its first line says.
        """
        words, rows = [], []
        with open(path, encoding="utf-8") as file:
            head = file.readline().split()
            for line in file:
                word, *numbers = line.rstrip().split(" ")
                words.append(word)
                rows.append(np.array(numbers, np.float32))
        sizes = {len(row) for row in rows}
        if head != [str(len(words)), *map(str, sizes)]:
            raise InvalidValue(
                f"{path} must begin with the number of words and the dimension of "
                f"their vectors. Received {' '.join(head)!r}, then {len(words)} words "
                f"of the dimensions {sorted(sizes)}"
            )
        return cls(words, np.stack(rows))

    def save_text(self, path):
        """Writes the text format of word2vec, which most other tools read.

        A line with the number of words and the dimension, then a line for each
        word: the word and its numbers, with blanks between. The numbers are
        exact.

        Args:
            path: The file to write.
        """
        with open(path, "w", encoding="utf-8") as file:
            print(*self.vectors.shape, file=file)
            for word, vector in zip(self.words, self.vectors, strict=True):
                print(word, *(f"{value:.9g}" for value in vector), file=file)

    def __len__(self):
        return len(self.words)

    def __contains__(self, word):
        return self._find(word) is not None

    def __getitem__(self, word):
        """Returns a word's vector, a float32 array (dim,)."""
        return self.vectors[self._known(word)]

    def nearest(self, word, k: int = 10):
        """Returns the words whose vectors have the largest cosine with a word's.

        Args:
            word: The word, or a vector (dim,).
            k: How many.

        Returns:
            List of (word, cosine), the nearest first, without the word itself.

        Raises:
            KeyError: If the word is not there.
        """
        if not isinstance(word, str):
            return self._best(np.asarray(word, np.float32), k, [])
        place = self._known(word)
        return self._best(self._unit[place], k, [place])

    def analogy(self, a, b, c, k: int = 1):
        """Returns what is to `c` as `b` is to `a`, by the sum b - a + c.

        Args:
            a: A word, such as "man".
            b: A word, such as "king".
            c: A word, such as "woman".
            k: How many answers.

        Returns:
            List of (word, cosine), the best first, none of the three.

        Raises:
            KeyError: If a word is not there.
        """
        places = [self._known(word) for word in (a, b, c)]
        target = self._unit[places[1]] - self._unit[places[0]] + self._unit[places[2]]
        return self._best(target, k, places)

    def similarity(self, pairs, scores):
        """Returns the rank correlation of cosines with human scores.

        Args:
            pairs: Sequence of pairs of words.
            scores: One number a pair, any scale.

        Returns:
            (rho, covered): Spearman's rank correlation over the pairs whose
            words are both there, and the number of these.

        Raises:
            ValueError: If fewer than 2 pairs are there.
        """
        pairs, scores = list(pairs), np.asarray(list(scores), float)
        cosines = self.cosines(pairs)
        if len(scores) != len(pairs):
            raise InvalidValue(
                "`pairs` and `scores` must have the same length. Received lengths: "
                f"{len(pairs)} and {len(scores)}"
            )
        known = np.isfinite(cosines)
        if known.sum() < 2:
            raise InvalidValue(
                "`pairs` must hold at least 2 pairs of known words. Received "
                f"{len(pairs)} pairs, of which {known.sum()} are known"
            )
        return rank_correlation(cosines[known], scores[known]), int(known.sum())

    def cosines(self, pairs):
        """Returns the cosines between the vectors of pairs of words.

        Args:
            pairs: Sequence of pairs of words.

        Returns:
            Float array (pairs,), NaN where one of the words is not there.
        """
        found = np.full(len(pairs), np.nan)
        for i, (a, b) in enumerate(pairs):
            if a in self and b in self:
                found[i] = self._unit[self._find(a)] @ self._unit[self._find(b)]
        return found

    def analogy_accuracy(self, questions):
        """Returns how many analogies are answered rightly, all words allowed.

        Args:
            questions: Sequence of (a, b, c, d): a is to b as c is to d.

        Returns:
            (accuracy, covered): the share of right answers among the questions
            whose words are all there, and the number of these.

        Raises:
            ValueError: If there is no such question.
        """
        found = np.array(
            [
                [self._find(word) for word in question]
                for question in questions
                if all(word in self for word in question)
            ]
        )
        if not len(found):
            raise InvalidValue("`questions` must hold one or more of known words only.")
        right = 0
        for begin in range(0, len(found), QUESTIONS):
            a, b, c, d = found[begin : begin + QUESTIONS].T
            cosines = (self._unit[b] - self._unit[a] + self._unit[c]) @ self._unit.T
            for given in (a, b, c):
                cosines[np.arange(len(given)), given] = -np.inf
            right += int((cosines.argmax(axis=1) == d).sum())
        return right / len(found), len(found)

    def _find(self, word):
        """Returns the row of a word, None if it is not there."""
        return self._place.get(word, self._place.get(word.lower()))

    def _known(self, word):
        place = self._find(word)
        if place is None:
            raise KeyError(f"{word!r} is none of the {len(self)} words")
        return place

    def _best(self, vector, k, left_out):
        cosines = self._unit @ vector / max(float(np.linalg.norm(vector)), 1e-12)
        cosines[left_out] = -np.inf
        best = np.argsort(-cosines)[: min(k, len(self) - len(left_out))]
        return [(self.words[i], float(cosines[i])) for i in best]
