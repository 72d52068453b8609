"""Optimizers and schedules that Keras lacks."""

from kerassl.optimizers.adamw import AdamW
from kerassl.optimizers.delayed import Delayed
from kerassl.optimizers.lars import LARS
from kerassl.optimizers.linear_warmup import LinearWarmup
from kerassl.optimizers.row_adagrad import RowAdagrad

__all__ = ["LARS", "AdamW", "Delayed", "LinearWarmup", "RowAdagrad"]
