# %% [markdown]
# # 用你自己的文本训练 GPT
#
# GPT 学习语言的办法，是在每个词处说出下一个词。它只需要文本，不需要标签；学成之后，
# 给它一个开头，它就能往下写。
#
# 我们从零开始、小规模地做一遍：训练分词器，看看解码器要回答什么，训练它，用每字节
# 比特数衡量它，再让它写点东西。

# %%
import os

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
# 这里用本机安装的 Python 及若干库的文档来代替你自己的文本。若要用**你自己的文件**，
# 请用
#
# ```python
# kerassl.data.TextSource("corpus/train/*.txt")
# ```
#
# 代替 `kerassl.data.docs("train")`，一行一篇文档（`unit="file"` 则一个文件一篇），
# 并用另外留出的文件代替 `kerassl.data.docs("test")`。


# %%
def some(source, count):
    rows = np.random.default_rng(0).permutation(len(source))[:count]
    return [text.decode() for text in source.fetch(rows).numpy()]


texts = some(kerassl.data.docs("train"), 800 if FAST else 20_000)
held_out = some(kerassl.data.docs("test"), 50 if FAST else 500)
print(f"{len(texts)} texts to train on, {len(held_out)} to measure on")

# %% [markdown]
# ## 分词器
#
# 字节级 BPE 从 256 个字节出发，把经常相邻的合并起来。它能拼出任何语言的任何文本，
# 一点也不会丢失，中文也一样。

# %%
tokenizer = kerassl.data.train_tokenizer(
    texts, "bpe", vocabulary_size=600 if FAST else 4000, progress=False
)
pieces = [int(i) for i in tokenizer(held_out[0])]
print(len(held_out[0].encode()), "bytes are", len(pieces), "tokens")
assert tokenizer.detokenize([pieces]) == [held_out[0]]

# %% [markdown]
# ## 看看任务
#
# 图中每个词元的下方，是要由它和它之前的全部词元说出的下一个词元。训练时，所有文本
# 首尾相接，中间隔一个文本结束符，再切成窗口：没有任何填充。

# %%
LENGTH = 32 if FAST else 128
pretext = kerassl.pretext.NextToken(tokenizer, sequence_length=LENGTH)
figure = pretext.draw(tf.constant(held_out[:3]), tf.constant([0, 1]))
figure.savefig("next_token.png", dpi=100)

# %% [markdown]
# ## 训练
#
# KerasHub 的任何因果模型都可以。`isolate_documents` 使同一窗口里的不同文本互相看不见。
# 较大的语料最好先用 `kerassl prepare` 分词一次，之后 `task.dataset("shards/")` 直接
# 从磁盘读取。

# %%
encoder = keras_hub.models.GPT2Backbone(
    tokenizer.vocabulary_size(),
    num_layers=1 if FAST else 3,
    num_heads=2 if FAST else 4,
    hidden_dim=32 if FAST else 128,
    intermediate_dim=64 if FAST else 512,
    dropout=0.0,
    max_sequence_length=LENGTH,
)
task = kerassl.models.CausalLM(encoder, pretext, isolate_documents=True)
before = kerassl.transfer.perplexity(task, held_out, train_texts=texts)

STEPS, EPOCHS = (5, 2) if FAST else (100, 8)
rate = keras.optimizers.schedules.CosineDecay(
    0.0, STEPS * EPOCHS, warmup_target=0.003, warmup_steps=STEPS * EPOCHS // 20
)
task.compile(keras.optimizers.AdamW(rate, weight_decay=0.1, global_clipnorm=1.0))
history = task.fit(
    task.dataset(texts, batch_size=16), steps_per_epoch=STEPS, epochs=EPOCHS, verbose=0
)
shown = ", ".join(f"{value:.2f}" for value in history.history["loss"])
print(f"nats a token, every {STEPS} steps: {shown}")

# %% [markdown]
# ## 衡量
#
# 每字节比特数表示：借助这个模型，文本能压缩到多短。它可以在不同分词器之间比较，而
# 困惑度不行。旁边是一元模型，它只知道每个词元的频率，别的都不知道。

# %%
after = kerassl.transfer.perplexity(task, held_out, train_texts=texts)
print("| model | bits per byte |\n|---|---|")
print(f"| random weights | {before.bits_per_byte:.3f} |")
print(f"| unigram | {after.unigram_bits_per_byte:.3f} |")
print(f"| trained | {after.bits_per_byte:.3f} |")

# %% [markdown]
# ## 让它写
#
# `"greedy"` 每次都取最可能的词元，很快就会重复自己；采样器则从最可能的几个里抽取。

# %%
sampler = keras_hub.samplers.TopKSampler(10, seed=0)
for prompt in ("Return the", "The number of"):
    print(repr(task.generate(prompt, max_length=min(LENGTH, 48), sampler=sampler)))

# %% [markdown]
# 模型很小，见过的文本也很少：可以指望它写得像文档，不要指望它写得有意义。
#
# ## 接下来
#
# - 增大 `EPOCHS`，增加文本；在留出文本的比特数回升之前，两者都有帮助。
# - `kerassl pretrain gpt2_tiny --data "corpus/*.txt"` 会完成这一切，可以中断后继续，
#   并给出报告。
# - 从预训练好的解码器出发：`kerassl.encoders.from_preset(name)`。
