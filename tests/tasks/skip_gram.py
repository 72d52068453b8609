"""word2vec that predicts the words around one."""

from kerassl import models
from tasks.parts.texts import word2vec

MODEL = models.SkipGram


def task():
    return word2vec(models.SkipGram)
