"""What is measured: a module for each workload, importable without its libraries."""

from benchmarks.speed.workloads import clm, masking, mlm, simclr, views, word2vec

WORKLOADS = {
    "mlm": mlm.WORKLOAD,
    "clm": clm.WORKLOAD,
    "simclr": simclr.WORKLOAD,
    "views": views.WORKLOAD,
    "masking": masking.WORKLOAD,
    "word2vec": word2vec.WORKLOAD,
}
