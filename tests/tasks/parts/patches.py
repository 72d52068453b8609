"""A Vision Transformer of one block, and masks over its patches."""

from kerassl import encoders, pretext


def small_vit(dtype, **options):
    return encoders.vit(
        (8, 8, 1),
        patch_size=2,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        dtype=dtype,
        name="encoder",
        **options,
    )


def masks(**options):
    # Compiling them would take longer than the few batches.
    return pretext.MaskedPatches(8, 2, jit_compile=False, **options)


# What makes a run of a Vision Transformer on 8 x 8 pixels small.
VIT = {
    "encoder.input_shape": [8, 8, 1],
    "encoder.patch_size": 2,
    "encoder.num_layers": 1,
    "encoder.num_heads": 2,
    "encoder.hidden_dim": 8,
    "pretext.size": 8,
    "pretext.patch_size": 2,
}
