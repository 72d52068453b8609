"""Whether the presets that a processor trains were worth their training.

    python -m benchmarks.worth                        # all of them, three seeds
    python -m benchmarks.worth simclr_digits --seeds 1
    KERASSL_DATA=... python -m benchmarks.worth bert_tiny --on topics sentiment
    KERASSL_DATA=... python -m benchmarks.worth bert_tiny --on topics --validate \
        --set pretext.mask_rate=0.3

Each preset that says how many minutes of a processor it takes is pretrained as it
stands, once for every seed and each time in a process of its own, and measured by
its own measures beside its input, a healthy random network and a supervised one.
On what: the preset's own data, or by `--on` a corpus of the folder that the
environment variable KERASSL_DATA names. A finished run is kept in `--out` and not
made again, so the command can be stopped and goes on where it was.

The table has one line for each measure. Figures are means over the seeds with their
sample standard deviation; the last column says how much better than the best input
the encoder is, with the 95 % interval of that mean over the seeds (over the draws of
labels where there is one seed). Nothing is chosen by any of these figures; `--validate`
measures on training examples that it keeps out, to choose by, with values that `--set`
changes.
"""
