"""Packaging of kerassl.

The presets in `zoo/` hold data only. They are shipped as the package
`kerassl.zoo.presets`; run from a checkout, the loader reads `zoo/` itself.
"""

from pathlib import Path

from setuptools import find_packages, setup

DOCS = [
    "sphinx>=9,<10",
    "furo>=2025.12",
    "myst-nb>=1.4,<2",
    "jupytext>=1.19,<2",
    "sphinx-copybutton>=0.5.2,<0.6",
]

# Beside TensorFlow 2.21 they leave NumPy, protobuf and flatbuffers as they are.
EXPORT = [
    "ai-edge-litert>=2.3,<3",
    "huggingface_hub>=2.4,<3",
    "onnx>=1.23,<2",
    "onnxruntime>=1.32,<2",
    "tf2onnx>=1.17,<2",
]

setup(
    name="kerassl",
    version="0.3.0",
    description="Self-supervised pretraining and its honest evaluation, in Keras.",
    long_description=Path(__file__).with_name("README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    author="kerassl contributors",
    license="Apache-2.0",
    keywords=[
        "self-supervised learning",
        "representation learning",
        "pretraining",
        "keras",
        "tensorflow",
    ],
    python_requires=">=3.11,<3.14",
    install_requires=[
        "tensorflow>=2.21,<2.22",
        # 2.21.0 does not import beside TensorFlow 2.21 (undefined symbol).
        "tensorflow-text>=2.21.1,<2.22",
        "keras>=3.15,<3.16",
        # Brings keras-hub of the same version, which is what the code imports.
        "keras-nlp>=0.32,<0.33",
        "tensorboard>=2.21,<2.22",
        "numpy>=1.26.4,<3",
        "scipy>=1.13,<2",
        "scikit-learn>=1.5,<2",
        "threadpoolctl>=3.5,<4",
        "matplotlib>=3.10.7,<4",
        "pillow>=13,<14",
        "rich>=14.3.4,<16",
        "filelock>=3.16,<5",
        "tokenizers>=0.21,<0.24",
        "sentencepiece>=0.2.3,<0.3",
        # keras-hub reads Hugging Face directories with it and does not say so.
        "safetensors>=0.4.5,<0.9",
    ],
    extras_require={
        "docs": DOCS,
        "audio": ["soundfile>=0.14,<0.15"],
        "export": EXPORT,
        "ner": ["nervaluate>=1.2.1,<1.3"],
        "search": ["usearch>=2.26,<3"],
        "tune": ["keras-tuner>=1.4.8,<1.5"],
        "parquet": ["pyarrow>=26,<27"],
        "wandb": ["wandb>=0.31,<0.32"],
        # It wants a pyarrow before 26: not together with the extra "parquet".
        "mlflow": ["mlflow>=3.17,<4"],
        "test": [
            *DOCS,
            *EXPORT,
            "pytest>=9.2,<10",
            "pytest-xdist>=3.8,<4",
            "ruff>=0.17,<0.18",
            "mypy>=2.4,<3",
            "jax>=0.10,<0.11",
            "keras-tuner>=1.4.8,<1.5",
            "pyarrow>=26,<27",
            "nervaluate>=1.2.1,<1.3",
            "soundfile>=0.14,<0.15",
            "usearch>=2.26,<3",
            "wandb>=0.31,<0.32",
            "setuptools>=70.1",
        ],
    },
    entry_points={"console_scripts": ["kerassl = kerassl.cli:main"]},
    packages=[
        *find_packages(include=["kerassl", "kerassl.*"]),
        "kerassl.zoo.presets",
    ],
    package_dir={"kerassl.zoo.presets": "zoo"},
    package_data={
        "kerassl": ["py.typed"],
        # Trained weights, and the vocabularies of their tokenizers.
        "kerassl.zoo.presets": ["**/*.json", "**/*.md", "**/*.h5", "**/assets/**/*"],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Processing",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
)
