"""word2vec that predicts a word from those around it."""

from kerassl import models
from tasks.parts.runs import WORDS, Killed
from tasks.parts.texts import word2vec

MODEL = models.CBOW
KILLED = Killed("word2vec_cbow", WORDS, ("row_adagrad/embeddings_sum",))


def task():
    return word2vec(models.CBOW)
