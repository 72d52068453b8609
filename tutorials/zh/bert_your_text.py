# %% [markdown]
# # 用你自己的文本训练 BERT
#
# BERT 靠填空学习语言：遮住一段文字里的几个词，编码器要根据其余的词说出它们是什么。
# 它只需要文本，不需要标签。之后只要少量有标签的文本，就足以教会它一项任务。
#
# 我们从零开始、小规模地做完整个过程：训练分词器，预训练一个小编码器，把它微调成分类
# 器，再衡量预训练究竟值不值得。

# %%
import os
import pathlib
import zipfile

import keras
import keras_hub
import numpy as np
import tensorflow as tf

import kerassl

# 供测试用的快速模式，结果没有意义。
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## 文本
#
# 这里用本机安装的 Python 及若干库的文档来代替你自己的文本：每个样本是一个段落，标签
# 是它来自哪个库。若要用**你自己的文件**，请在选定文本之后写上
#
# ```python
# source = kerassl.data.TextSource("corpus/**/*.txt")
# texts = [text.decode() for text in source.fetch(range(len(source))).numpy()]
# ```
#
# 一行一篇文档（`unit="file"` 则一个文件一篇）。有标签的文本 `train` 和 `test` 可以是
# 任意字符串列表，每个字符串配一个整数标签。
#
# 如果环境变量 `KERASSL_DATA` 指向一个文件夹，里面有影评（`nltk/movie_reviews.zip`）和
# 标注了好坏的句子（`sent_cls/stsa.binary.*`），就改用它们：BERT 读影评，任务是区分
# 好评句和差评句。


# %%
def documentation():
    """Returns unlabelled texts, (texts, labels) to train and to test, names."""
    train, test = kerassl.data.docs("train"), kerassl.data.docs("test")

    def some(source, count):
        rows = np.random.default_rng(0).permutation(len(source))[:count]
        texts = [text.decode() for text in source.fetch(rows).numpy()]
        return texts, source.labels[rows]

    texts, _ = some(train, len(train))
    return texts, some(train, 6000), some(test, 1000), train.class_names


def film_reviews(folder):
    """Returns the same of film reviews and of sentences about films."""
    passages, words = [], []
    with zipfile.ZipFile(folder / "nltk" / "movie_reviews.zip") as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".txt"):
                continue
            for line in archive.read(name).decode("utf-8", "replace").splitlines():
                words += line.split()
                # 一行是一个句子，若干句拼成编码器的一行输入。
                if len(words) >= 25:
                    passages.append(" ".join(words))
                    words = []
    labelled = []
    for part in ("train", "test"):
        text = (folder / "sent_cls" / f"stsa.binary.{part}").read_text("utf-8")
        pairs = [line.split(" ", 1) for line in text.splitlines() if line]
        labels = np.array([int(label) for label, _ in pairs])
        labelled.append(([sentence for _, sentence in pairs], labels))
    return passages, *labelled, ("bad", "good")


folder = pathlib.Path(os.environ.get("KERASSL_DATA") or "no folder")
if (folder / "nltk" / "movie_reviews.zip").exists():
    texts, train, test, class_names = film_reviews(folder)
else:
    texts, train, test, class_names = documentation()
if FAST:
    texts = texts[:600]
    train, test = ([part[:200] for part in pair] for pair in (train, test))
print(f"{len(texts)} texts without labels; classes: {', '.join(class_names)}")

# %% [markdown]
# ## 分词器
#
# 它按固定的词表把文本切成词片：常见的词保持完整，罕见的词被拆开。请用你要处理的文本
# 来训练它。

# %%
tokenizer = kerassl.data.train_tokenizer(
    texts, vocabulary_size=1000 if FAST else 8000, progress=False
)
pieces = tokenizer(texts[0][:120])
print(texts[0][:120])
print(" ".join(tokenizer.id_to_token(int(i)) for i in pieces))

# %% [markdown]
# ## 看看空格
#
# 一部分词片被选中。其中大多数用 [MASK] 遮住，有些换成随机词片，有些保持原样；全都要
# 说出来。图中选中的词片有颜色，下面是答案。BERT 选 15%。训练这么短时，选 40% 学得
# 更多：每段文本提出的问题多了一倍以上。

# %%
LENGTH = 32
pretext = kerassl.pretext.MaskedTokens(tokenizer, LENGTH, mask_rate=0.4)
figure = pretext.draw(tf.constant(texts[:4]), tf.constant([0, 1]))
figure.savefig("masked_text.png", dpi=100)

# %% [markdown]
# ## 预训练
#
# KerasHub 的任何文本模型都可以，这一个小到笔记本电脑也能训练。`accuracy` 是选中的词片
# 被还原的比例。要判断它好不好，先要知道瞎猜能得多少：总是回答最常见的词片。请耐心：
# 训练的前十分之一里，编码器只学到每个词片有多常见，之后才开始利用空格周围的词片。
# 大约需要一刻钟。

# %%
encoder = keras_hub.models.BertBackbone(
    tokenizer.vocabulary_size(),
    num_layers=2,
    num_heads=2 if FAST else 4,
    hidden_dim=32 if FAST else 128,
    intermediate_dim=64 if FAST else 256,
    dropout=0.0,  # 只训练几分钟，不会过拟合
    max_sequence_length=LENGTH,
)
task = kerassl.models.MaskedLM(encoder, pretext)
STEPS, EPOCHS = (4, 2) if FAST else (900, 10)
rate = keras.optimizers.schedules.CosineDecay(
    0.0, STEPS * EPOCHS, warmup_target=0.0015, warmup_steps=STEPS * EPOCHS // 30
)
task.compile(keras.optimizers.AdamW(rate, weight_decay=0.01, global_clipnorm=1.0))
task.fit(
    task.dataset(texts, batch_size=32 if FAST else 64),
    steps_per_epoch=STEPS,
    epochs=EPOCHS,
    verbose=2,  # 每完成十分之一打印一行
)

_, targets, used = pretext(tf.constant(texts[:500]), tf.constant([0, 2]))
counts = np.bincount(targets.numpy()[used.numpy() > 0])
print(f"always guessing the most frequent piece: {counts.max() / counts.sum():.3f}")

# %% [markdown]
# ## 微调成分类器
#
# `prepare` 把文本变成编码器的输入，什么也不遮（比编码器长的文本会被截断）。`compare`
# 把预训练的编码器和同样结构、随机权重的编码器放在一起，标签相同，训练也相同。
# **线性探测**冻结编码器，**微调**则训练全部参数。


# %%
def inputs_and_labels(pair):
    x = pretext.prepare(tf.constant(pair[0]))
    return {name: value.numpy() for name, value in x.items()}, pair[1]


comparison = kerassl.transfer.compare(
    task.encoder,
    inputs_and_labels(train),
    inputs_and_labels(test),
    labels_per_class=(5,) if FAST else (20, 100),
    draws=1 if FAST else 5,
    methods=("linear_probe", "fine_tune"),
    controls=("random",),
    pooling="mean",
    # 标签太少，全部用于训练，步数和学习率固定：
    # 若再留出几个来选择超参数，选出来的也不可靠。
    fine_tune_options={
        "validation": None,
        "steps": 5 if FAST else 100,
        "learning_rate": 5e-4,
    },
    progress=False,
)
share = np.bincount(test[1]).max() / len(test[1])
print(f"always naming the most frequent class: {100 * share:.1f}%\n")
print(comparison.to_markdown())

# %% [markdown]
# ± 是对多次抽取有标签文本的标准差；比它还小的差别什么也说明不了。这个编码器很小，而
# 真正的 BERT 见过几千倍的文本：更多的文本和更多的步数最有用。
#
# ## 接下来
#
# - 增大 `EPOCHS`，看看填空的准确率和分类器的准确率怎样变化。
# - 改从预训练好的编码器出发：
#   `encoder, tokenizer = kerassl.encoders.from_preset(name)`，再用
#   `MaskedTokens(tokenizer)` 在你自己的文本上继续训练。
# - 保存分词器和编码器：`kerassl.data.save_tokenizer(tokenizer, "bert")` 和
#   `task.encoder.save("bert/encoder.keras")`。
