"""word2vec that predicts the words around one."""

from kerassl import models
from tasks.parts.runs import WORDS, Killed
from tasks.parts.texts import word2vec

MODEL = models.SkipGram
KILLED = Killed("word2vec_skipgram", WORDS, ("row_adagrad/embeddings_sum",))


def task():
    return word2vec(models.SkipGram)
