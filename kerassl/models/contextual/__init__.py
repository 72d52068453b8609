"""Contextual learning: one vector a word, learnt from the words around it."""

from kerassl.models.contextual.word2vec import CBOW, SkipGram

__all__ = ["CBOW", "SkipGram"]
