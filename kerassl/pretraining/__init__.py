"""Pretraining in one call: data, tokenizer, training, resume, report."""

from kerassl.pretraining.calls import evaluate as evaluate
from kerassl.pretraining.calls import pretrain as pretrain
from kerassl.pretraining.calls import preview as preview
