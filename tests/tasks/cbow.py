"""word2vec that predicts a word from those around it."""

from kerassl import models
from tasks.parts.texts import word2vec

MODEL = models.CBOW


def task():
    return word2vec(models.CBOW)
