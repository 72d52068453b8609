# %% [markdown]
# # 看看编码器的内部
#
# 报告告诉你编码器有多好，却不告诉你它在看什么。下面三种图能让我们看到一点：它把哪些
# 样本当作**相似**的，它的答案**取决于**哪些像素或词，它的各层从哪里**读取**信息。
#
# 这样的图很有说服力，而危险正在于此：一张勾勒出数字轮廓的图看上去像是“理解”，可什么
# 也没学到的网络说不定也画得出来。所以这里每张图旁边都放着同一个网络、随机权重的图。
# 两者共有的东西，不是学来的。

# %%
import os

import keras
import numpy as np

import kerassl

# 供测试用的快速模式，结果没有意义。
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## 两次预训练
#
# SimCLR 学习哪两个视图出自同一个数字；一个小 BERT 学习 Python 及其几个库的文档里缺了
# 哪些词。两者都无需下载。要用**你自己的**数据，在第二个参数里给出图像文件夹或文本
# 文件的路径即可。

# %%
digits = kerassl.pretrain(
    "simclr_digits",
    out="look_inside/digits",
    steps=2 if FAST else 400,
    evaluate=False,
    progress=False,
)
texts = kerassl.pretrain(
    "bert_tiny",
    kerassl.data.docs("test" if FAST else "train", min_words=16),
    out="look_inside/texts",
    steps=2 if FAST else 2000,
    overrides={
        "tokenizer.vocabulary_size": 1000 if FAST else 4000,
        "encoder.vocabulary_size": 1000 if FAST else 4000,
        "encoder.max_sequence_length": 32,
        "pretext.sequence_length": 32,
    },
    evaluate=False,
    progress=False,
)

# %% [markdown]
# ## 哪些样本相似
#
# 每一行是编码器从未见过的一个数字，以及按特征余弦离它最近的五个：写的是同一个数字就
# 标绿色，否则标红色。错误最能说明问题：一个 9 旁边出现一个同样倾斜的 3，说明编码器
# 记住了倾斜。
#
# 表格上方的那句话里有两个对照。随机网络也能找到许多正确的近邻，因为像素相近，特征就
# 相近。**枢纽性**（hubness）是“每个样本被当作近邻的次数”的偏度，应当低：如果少数几个
# 样本离谁都近，搜索就会一再找到它们。

# %%
unseen = kerassl.data.digits("test", size=8)
found = kerassl.explain(digits, unseen, kind="neighbours", count=6, progress=False)
print(found.to_markdown())
figure = found.figure()
figure.savefig("neighbours.png", dpi=150)

# %% [markdown]
# ## 取决于哪些像素
#
# **显著图**（saliency）总是针对某一个数值的，应该说清楚是哪一个。这里就是 SimCLR 训练
# 的目标：同一数字两个视图的特征余弦，变动的是第一个视图。**积分梯度**把这个数值分摊到
# 各个像素上，红色的像素使它升高，蓝色的使它降低。分摊是完整的：整张图的总和等于这个
# 余弦减去全黑图像给出的值。表格里两边都有，可以看出差多少。
#
# 再拿中间一列与右边一列比较。`ρ` 是两张图的秩相关系数。接近 1 时，图只是显示笔画在
# 哪里，而这你本来就知道；只有不同之处才可能是学来的。这就是 Adebayo 等人的合理性检验
# （sanity check）。

# %%
found = kerassl.explain(digits, unseen, kind="saliency", progress=False)
print(found.to_markdown())
figure = found.figure()
figure.savefig("saliency_digits.png", dpi=150)

# %% [markdown]
# 换一种图会不会不同？同一个数值，四种画法：`gradient_times_input` 只看图像本身这一点，
# `smooth_grad` 对加了噪声的多个副本求平均梯度，`occlusion` 遮住一个个方块，不需要梯度。
# 表格列出每种图与随机网络的同种图有多一致。
#
# `smooth_grad` 是单纯的梯度。在另外三种里，图像本身是一个因子：黑的地方没有什么可分摊，
# 也没有什么可遮。所以无论网络学到了什么，两个网络的图都会显出笔画，看上去也就更漂亮。

# %%
task = digits.task
images = unseen.fetch(range(8))
control = kerassl.transfer.random_task(task, images)
WAYS = {
    "gradient times input": kerassl.transfer.gradient_times_input,
    "SmoothGrad": kerassl.transfer.smooth_grad,
    "integrated gradients": kerassl.transfer.integrated_gradients,
    "occlusion of 2 x 2": lambda f, x: kerassl.transfer.occlusion(f, x, size=2),
}


def maps(way, network):
    target = kerassl.transfer.saliency_target(network, images)
    found = way(target.function, target.x)
    return found.sum(-1) if found.ndim == 4 else found


print("| map | agreement with the random network |\n|---|---:|")
for name, way in WAYS.items():
    pairs = zip(maps(way, task), maps(way, control), strict=True)
    agreed = [kerassl.transfer.agreement(*pair) for pair in pairs]
    print(f"| {name} | {np.mean(agreed):.2f} ± {np.std(agreed):.2f} |")

# %% [markdown]
# ## 取决于哪些词
#
# 对文本来说，变动的是词的嵌入向量，数值仍是任务自己的：被遮住的词有多大概率。红色的词
# 有助于猜出 `[MASK]` 处原来是什么，蓝色的词则误导。占份额最大的常常是虚词和 `[MASK]`
# 本身：一个懂得不多的网络靠词频来猜，并不怎么需要别的词。

# %%
passages = kerassl.data.docs("test", min_words=16)
found = kerassl.explain(texts, passages, kind="saliency", count=3, progress=False)
print(found.to_markdown())
figure = found.figure()
figure.savefig("saliency_texts.png", dpi=150)

# %% [markdown]
# ## 从哪里读取
#
# 这是一段文字的注意力：每张小图里，一行是正在读取的词元，一列是被读取的词元。从上到下
# 都深的列是大家都读的词元，常常是 `[CLS]`、`[SEP]` 或句号：注意力头无事可做时就停在
# 那里。与主对角线相邻的斜线，是读取下一个词或前一个词的头。
#
# 最后一列是 **rollout**：把各层的注意力连同残差连接一层层乘起来。最后一行是随机权重的
# 网络。

# %%
found = kerassl.explain(texts, passages, kind="attention", progress=False)
print(found.to_markdown())
figure = found.figure()
figure.savefig("attention.png", dpi=150)

# %% [markdown]
# 图背后的数字是一个数组，形状为（样本，层，头，查询，键），可以拿来统计。比如，各个头
# 看得有多远，以词元计？

# %%
task = texts.task
x = task.pretext.prepare(passages.fetch(range(16)))
weights = kerassl.transfer.attention_weights(task.encoder, x)
length = weights.shape[-1]
distance = np.abs(np.arange(length)[:, None] - np.arange(length))
is_token = x["padding_mask"].numpy()[:, None, None, :]
reach = (weights * distance).sum(-1)
reach = (reach * is_token).sum((0, 3)) / is_token.sum((0, 3))
print("| layer | " + " | ".join(f"head {i + 1}" for i in range(reach.shape[1])) + " |")
print("|---" * (reach.shape[1] + 1) + "|")
for layer, row in enumerate(reach):
    print(f"| {layer + 1} | " + " | ".join(f"{value:.1f}" for value in row) + " |")

# %% [markdown]
# ## 这些图能说明什么，不能说明什么
#
# - **近邻**显示特征把什么归在一起。三种图里它最可靠：近邻就是一个样本，对不对你自己看
#   得出来。
# - **显著图**说明输入变动时某一个数值怎样变动，并不说明为什么。它的基线（全黑的图像、
#   全零的嵌入）也是人为选定的：网络从没见过全黑的图像，它对此算出什么就没多大意义。
# - **注意力**说明状态从哪里读取，不说明答案取决于什么。除了第一层，每个状态都已经是许多
#   词元的混合。Jain 和 Wallace 给模型换上别的注意力，答案照旧。
# - **随机网络**这项检验只能淘汰一张图，不能证明一张图：与随机网络不同，未必就对。
#
# 所以，用这些图来发现疑点，比如某个编码器总盯着图像的边缘；然后去检验它：把边缘遮住，
# 把那个词去掉，再量一次。
#
# ## 接下来
#
# - 在命令行里：`kerassl explain look_inside/texts --kind attention --out
#   attention.png`，用 `--data` 换成你自己的样本。
# - `kerassl.transfer.attention_weights` 也接受 KerasHub 的编码器：BERT、ELECTRA、
#   GPT-2、T5、BART、ViT。对 `ViTBackbone`，`kerassl explain` 把注意力画在图像的各个
#   图块上。
# - Abnar 与 Zuidema，2020，*Quantifying Attention Flow in Transformers*；
#   Sundararajan 等，2017，*Axiomatic Attribution for Deep Networks*；
#   Smilkov 等，2017，*SmoothGrad*；
#   Adebayo 等，2018，*Sanity Checks for Saliency Maps*；Jain 与 Wallace，2019，
#   *Attention is not Explanation*。
