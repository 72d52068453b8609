# %% [markdown]
# # 手写数字的自编码器
#
# 自编码器由两半组成：**编码器**把图像压缩成一个短向量，**解码器**再从这个向量恢复
# 图像。不需要任何人标注，目标就是图像自己。要用很少几个数恢复一个数字，编码器必须
# 弄清楚各个数字的共同点，于是它的输出就成了对其他任务有用的**特征**。
#
# 我们用 scikit-learn 自带的手写数字（无需下载）训练一个，看看它恢复得怎样，再衡量
# 它的特征值多少。

# %%
import os

import keras

import kerassl

# 供测试用的快速模式，结果没有意义。
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## 数据
#
# **数据源**（source）保存原始样本。预训练从不使用标签，标签只在之后衡量特征时用到。

# %%
train = kerassl.data.digits(size=28)
test = kerassl.data.digits("test", size=28)
print(f"{len(train)} images to learn from, {len(test)} to measure with")

# %% [markdown]
# ## 模型
#
# 编码器是普通的 Keras 模型，784-256-128-64。代理任务层 `Reconstruct` 把像素缩放到
# [0, 1]，并让每张图像成为它自己的目标。`Autoencoder` 加上解码器，即编码器的镜像。

# %%
encoder = kerassl.encoders.dense((28, 28, 1), hidden_dims=(256, 128, 64))
pretext = kerassl.pretext.Reconstruct(size=28, channels=1)
task = kerassl.models.Autoencoder(encoder, pretext)

# %% [markdown]
# ## 训练
#
# `compile` 和 `fit` 就是 Keras 的。`task.dataset` 负责生成批次。损失是逐像素的交叉
# 熵，它的最小值不是 0，而是灰度像素的熵，所以 `squared_error` 更容易读懂。

# %%
task.compile(keras.optimizers.AdamW(0.002, weight_decay=1e-4))
history = task.fit(
    task.dataset(train, batch_size=128),
    epochs=3 if FAST else 80,
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name}: {values[0]:.4f} after 1 epoch, {values[-1]:.4f} at the end")

# %% [markdown]
# ## 恢复得怎样
#
# 这些图像来自测试集，自编码器从未见过。上面是原图，下面是解码器由 64 个数画出来的。
# 看看丢掉了什么：细小的空隙，笔画淡淡的末端。

# %%
figure = task.draw(test.fetch(range(12)))
figure.savefig("autoencoder_digits.png", dpi=150)

# %% [markdown]
# ## 特征值多少
#
# 现在标签登场了。`prepare` 把原始图像变成编码器的输入。`compare` 冻结编码器，用两种
# 方法衡量特征：
#
# - **kNN**：每张测试图像取最近邻的标签。
# - **线性探测**：在特征上做逻辑回归。
#
# 单看一个数字说明不了什么，因为图像这么简单，就连随机特征也能保留不少信息。所以旁边
# 放着同样结构、随机权重的编码器。如果预训练的行不高于随机的行，训练就白费了。每一格
# 是对有标签图像多次抽取的平均值和标准差：小于标准差的差别不算差别。


# %%
def inputs_and_labels(source):
    images = source.fetch(range(len(source)))
    return pretext.prepare(images).numpy(), source.labels


comparison = kerassl.transfer.compare(
    task.encoder,
    inputs_and_labels(train),
    inputs_and_labels(test),
    labels_per_class=(5, None) if FAST else (1, 5, 20, None),
    draws=2 if FAST else 5,
    methods=("knn", "linear_probe"),
    controls=("random",),
    progress=False,
)
print(comparison.to_markdown())

# %% [markdown]
# ## 接下来
#
# - 把最后一层变窄，`hidden_dims=(256, 128, 8)`。图像会怎样？表格会怎样？
# - `task.encoder.save("encoder.keras")` 保存编码器。它由 Keras 自带的层组成，不装本库
#   也能用 Keras 加载。
# - 自编码器还得记住倾斜和粗细，而这对分类毫无用处。教程 `simclr_few_labels.py` 换了
#   一个问题：哪些图像画的是同一个东西？
