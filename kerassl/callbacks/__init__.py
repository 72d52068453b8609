"""Callbacks for `fit`: checkpoints, logs, monitors."""

from kerassl.callbacks.checkpoint import Checkpoint as Checkpoint
from kerassl.callbacks.checkpoint import latest_checkpoint as latest_checkpoint
from kerassl.callbacks.checkpoint import restore_checkpoint as restore_checkpoint
from kerassl.callbacks.checkpoint import save_checkpoint as save_checkpoint
from kerassl.callbacks.collapse_monitor import CollapseMonitor as CollapseMonitor
from kerassl.callbacks.early_stop import EarlyStop as EarlyStop
from kerassl.callbacks.online_probe import OnlineProbe as OnlineProbe
from kerassl.callbacks.progress import ProgressBar as ProgressBar
from kerassl.callbacks.run_log import RunLog as RunLog
from kerassl.callbacks.run_log import read_log as read_log
from kerassl.callbacks.sample_grid import SampleGrid as SampleGrid
from kerassl.callbacks.stop_at_step import StopAtStep as StopAtStep
from kerassl.callbacks.stop_on_nan import StopOnNaN as StopOnNaN
from kerassl.errors import TrainingDiverged as TrainingDiverged
