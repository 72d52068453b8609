"""A Vision Transformer of one block, and masks over its patches."""

from kerassl import encoders, pretext


def small_vit(dtype, patch_size=2, **options):
    return encoders.vit(
        (8, 8, 1),
        patch_size=patch_size,
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

# Of a student whose teacher is its own average, past its warm-ups.
OWN_TEACHER = {
    "total_steps": 5,
    "output_dim": 12,
    "hidden_dim": 16,
    "bottleneck_dim": 8,
    # High, since fixed weights make all images nearly alike, and the paper's low ones
    # then magnify what half precision rounds.
    "student_temperature": 1.0,
    "teacher_temperature": 0.5,
    "warmup_teacher_temperature": 0.8,
    "warmup_steps": 2,
    "base_momentum": 0.8,
    "freeze_steps": 1,
}
