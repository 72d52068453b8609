"""Measures kerassl's speed beside other libraries.

    python -m benchmarks.speed prepare
    python -m benchmarks.speed mlm
    python -m benchmarks.speed clm --setting 8192 --against huggingface kerassl-graph

`prepare` makes a virtual environment with what the others need (`peers.txt`) in
`.peers`; `--peers FOLDER` names another. kerassl's own contenders run on the
interpreter that runs the command. Linux only: memory is read from `/proc`.

Every contender runs in a process of its own, one after the other in each round, so
that a machine that slows down slows all of them. A process warms up and then times
its steps; what is printed is the median over the rounds of each round's median (of a
rate: of each round's rate). All have the same number of threads, batch, data,
optimizer and precision. The loss is of one batch that is trained again and again: it
must be finite and fall.

The peak memory is that of the main process above what its imports hold. The first
step counts from there too: it makes the model, traces, compiles and takes one step.
What `torch.compile` keeps on disk stays there, so that its first steps after the first
round are those of a user who has run the same before.
"""
