# %% [markdown]
# # SimCLR：标签很少的时候
#
# 图像常常很多，标签却很少。SimCLR 只从图像本身学习：它对每张图像随机生成两个
# **视图**，训练编码器，使同一张图像的两个视图特征相近，不同图像的视图特征相远。
# 视图中随机改变的东西，编码器就会学着忽略。
#
# 我们用小尺寸的手写数字图像（无需下载）来训练，然后看看每个类别只有 1、5、10 个
# 标签时，分类器能做到多好。

# %%
import os

import keras
import tensorflow as tf

import kerassl

# 供测试用的快速模式，结果没有意义。
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## 图像
#
# 这些是 8x8 像素的灰度图。若要用**你自己的图像文件夹**，请换成
#
# ```python
# train = kerassl.data.ImageFolder("photos/train", size=96)
# test = kerassl.data.ImageFolder("photos/test", size=96)
# SIZE, CHANNELS = 96, 3
# ```
#
# 并给编码器更多的层：`kerassl.encoders.resnet((96, 96, 3))` 就是 ResNet-18。
# 预训练不需要标签，衡量效果时才需要：如果每张图像都放在某个子文件夹里，子文件夹
# 就是类别，`labels` 会自动填好。

# %%
train = kerassl.data.digits()
test = kerassl.data.digits("test")
SIZE, CHANNELS = 8, 1

# %% [markdown]
# ## 先看视图
#
# 学到什么由视图决定，所以训练前先看一看。对每一行问自己：人还能看出这两个视图是
# 同一个东西吗？不能，就把增强减弱。两个视图几乎一样吗？那任务就太容易了。
#
# 数字不是照片：不能翻转（镜像的 2 不是 2），裁剪不能把 9 裁成 7，8 个像素宽的图
# 再模糊就什么也不剩了。对照片请保留默认设置：`TwoViews(96, color_strength=0.5)`。

# %%
pretext = kerassl.pretext.TwoViews(
    SIZE,
    crop_scale=(0.6, 1.0),
    flip_rate=0.0,
    color_strength=0.5,
    blur_rate=0.0,
)
figure = pretext.draw(train.fetch(range(8)), tf.constant([0, 1]))
figure.savefig("views.png", dpi=100)

# %% [markdown]
# ## 训练
#
# 训练时，`CollapseMonitor` 会观察一些留出图像的特征。危险在于**坍塌**：所有图像的
# 特征都变得一样。损失不一定看得出来，下面两个量可以：
#
# - `effective_rank`：特征实际用到了多少维，坍塌时降到 1。
# - `embedding_std`：不同图像的特征相差多少。
#
# 两者都几乎为零时它会自动警告。SimCLR 有负样本，不会坍塌，所以这里应当没有警告。

# %%
encoder = kerassl.encoders.resnet(
    (SIZE, SIZE, CHANNELS), depths=(1, 1), widths=(32, 64)
)
task = kerassl.models.SimCLR(encoder, pretext, projection_dim=32, temperature=0.2)
task.compile(keras.optimizers.Adam(0.002))

watched = pretext.prepare(test.fetch(range(256))).numpy()
history = task.fit(
    task.dataset(train, batch_size=256),
    epochs=2 if FAST else 60,
    callbacks=[kerassl.callbacks.CollapseMonitor(watched)],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name}: {values[0]:.3f} after 1 epoch, {values[-1]:.3f} at the end")

# %% [markdown]
# `contrastive_accuracy` 是这样一个比例：在一个批次里，某个视图的最近邻恰好是同一张
# 图像的另一个视图。什么都没学到时大约是 1/511。
#
# ## 标签很少时
#
# `compare` 把编码器和两个结构相同的对照放在一起：随机权重，以及用**全部**标签训练
# 的权重（它是很高的上限，不是公平的对手：不管那一列写几个标签，它的特征都见过所有
# 标签）。公平的问题是：标签同样少的时候，`pretrained` 是否胜过 `random`。有三种
# 衡量方法：
#
# - **kNN** 和**线性探测**：编码器冻结不动。
# - **微调**：继续训练编码器。对 `random` 来说，这就是不做预训练时你会做的事：
#   用手头的标签做普通的监督学习。


# %%
def inputs_and_labels(source):
    images = source.fetch(range(len(source)))
    return pretext.prepare(images).numpy(), source.labels


comparison = kerassl.transfer.compare(
    task.encoder,
    inputs_and_labels(train),
    inputs_and_labels(test),
    labels_per_class=(1, 5) if FAST else (1, 5, 10, None),
    draws=1 if FAST else 3,
    methods=("knn", "linear_probe") if FAST else ("knn", "linear_probe", "fine_tune"),
    controls=("random",) if FAST else ("random", "supervised"),
    progress=False,
)
print(comparison.to_markdown())

# %% [markdown]
# 请按列读表：标签越少，预训练越重要。± 是对多次抽取有标签图像的标准差；比它还小的
# 差别什么也说明不了。
#
# ## 特征地图
#
# t-SNE 把测试图像的特征铺到平面上。颜色是编码器没有见过的标签。同一个数字应当聚在
# 一起；看看哪些数字挨着。

# %%
x, labels = inputs_and_labels(test)
figure = kerassl.transfer.embedding_map(
    task.encoder,
    x,
    labels,
    test.class_names,
    examples=60 if FAST else 500,
    title="SimCLR, no labels used",
)
figure.savefig("embedding_map.png", dpi=100)

# %% [markdown]
# ## 接下来
#
# - 在视图中加入 `flip_rate=0.5` 再训练一次，比较两张表。
# - 用 `batch_size=64` 训练：批次里图像少了，负样本也就少了。
# - 用 `task.encoder.save("encoder.keras")` 保存成果；它是普通的 Keras 模型，
#   只用 Keras 就能加载。
