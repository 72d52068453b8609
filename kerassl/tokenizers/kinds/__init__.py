"""The training of each kind of tokenizer."""
