"""What the log-mels of tones tell by themselves, without a network.

    python benchmarks/audio_tones.py

Prints the linear probe on mean and standard deviation of each log-mel over the real
frames, in nats, beside which stand the encoders of `kerassl pretrain apc_tones`: the
same sounds, labels and draws of labels.
"""

import audio_fsdd

from kerassl import zoo
from kerassl.transfer.inputs import inputs_of


def main():
    spec = zoo.config("apc_tones")
    train = zoo.build(spec["data"], "source")
    test = zoo.build({**spec["data"], "split": "test"}, "source")
    (statistics,) = inputs_of(train, test)
    for budget in spec["transfer"]["labels_per_class"]:
        draws = [
            audio_fsdd.probe(
                statistics.train,
                train.labels,
                statistics.test,
                test.labels,
                budget,
                draw,
            )
            for draw in audio_fsdd.DRAWS
        ]
        print(f"{budget or 'all'} labels a class: {audio_fsdd.shown(draws)}")


if __name__ == "__main__":
    main()
