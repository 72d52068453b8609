"""The layout of Hugging Face's transformers: config.json and safetensors."""

import json

from kerassl.use.exporting.backbones import backbone_inputs, backbone_of, sequence_of
from kerassl.use.exporting.bert_weights import bert_config, bert_weights
from kerassl.use.exporting.format import Format, prepared_told
from kerassl.use.exporting.tokenizer_files import fast_tokenizer, vocabulary_files

# What transformers call the inputs.
NAMES = {
    "token_ids": "input_ids",
    "padding_mask": "attention_mask",
    "segment_ids": "token_type_ids",
}
# What they call special tokens, and KerasHub.
SPECIAL = {
    "pad": "pad",
    "cls": "cls",
    "sep": "sep",
    "mask": "mask",
    "unk": "oov",
    "bos": "start",
    "eos": "end",
}
# Families of backbones that can be written so.
MODELS = ("BertBackbone", "GPT2Backbone")


class HuggingFace(Format):
    """A folder that `transformers.AutoModel.from_pretrained` loads."""

    name = "huggingface"
    output = "one vector for each token"
    floats_only = "transformers reads floats"

    def refusal(self, subject):
        found = type(backbone_of(subject)).__name__
        if found not in MODELS:
            return f"transformers' layout is known of {' and '.join(MODELS)}"
        backbone = backbone_of(subject)
        if found == "GPT2Backbone":
            if backbone.intermediate_dim != 4 * backbone.hidden_dim:
                return "KerasHub reads a GPT-2 back only if it widens 4 times inside"
        return None

    def inputs(self, subject):
        return {NAMES[name]: x for name, x in backbone_inputs(subject).items()}

    def told(self, subject, name):
        return prepared_told(subject, {new: old for old, new in NAMES.items()}[name])

    def axes(self, subject, name):
        return [None, None]

    def outputs(self, subject, inputs):
        backbone = backbone_of(subject)
        return sequence_of(backbone.predict(_renamed(inputs), verbose=0))

    def write(self, subject, folder, quantize=None):
        backbone = backbone_of(subject)
        if type(backbone).__name__ == "BertBackbone":
            _write(folder, bert_config(backbone), bert_weights(backbone))
        else:
            backbone.export_to_transformers(str(folder))
            _correct(folder / "config.json", subject.task.pretext.tokenizer)
        made = fast_tokenizer(subject)
        if made is None:
            return
        vocabulary_files(made, folder)
        tokenizer = subject.task.pretext.tokenizer
        settings = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": subject.task.pretext.sequence_length,
            "do_lower_case": bool(getattr(tokenizer, "lowercase", False)),
        }
        for theirs, ours in SPECIAL.items():
            token = getattr(tokenizer, f"{ours}_token", None)
            if token is not None:
                settings[f"{theirs}_token"] = token
        text = json.dumps(settings, indent=2, ensure_ascii=False)
        (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def load(folder):
        import torch
        from transformers import AutoModel

        model = AutoModel.from_pretrained(folder).eval()

        def features(inputs):
            tensors = {name: torch.tensor(values) for name, values in inputs.items()}
            with torch.no_grad():
                return model(**tensors).last_hidden_state.numpy()

        return features

    def read_back(self, folder):
        # By KerasHub's reader of the same layout: transformers need not be there.
        import keras_hub

        backbone = keras_hub.models.Backbone.from_preset(str(folder))
        return lambda inputs: sequence_of(backbone.predict(_renamed(inputs), verbose=0))


def _renamed(inputs):
    return {old: inputs[new] for old, new in NAMES.items() if new in inputs}


def _correct(path, tokenizer):
    """Sets the special ids, where KerasHub writes those of the published GPT-2."""
    config = json.loads(path.read_text("utf-8"))
    config["bos_token_id"] = getattr(tokenizer, "start_token_id", None)
    config["eos_token_id"] = getattr(tokenizer, "end_token_id", None)
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _write(folder, config, weights):
    from safetensors.numpy import save_file

    text = json.dumps(config, indent=2)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
