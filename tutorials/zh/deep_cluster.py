# %% [markdown]
# # 以聚类为标签
#
# DeepCluster 转着圈前进：按特征把图像分组，把组号当作标签，训练编码器说出标签，再用
# 它现在的特征重新分组。一开始特征来自随机权重，分组很差；但相像的图像分到一组的机会
# 总比碰巧要多，这就足够起步了。
#
# 我们让它给手写数字分组，看看分出来的组，再看这些组会不会稳定下来。

# %%
import os

import keras
from matplotlib.figure import Figure
from sklearn.metrics import normalized_mutual_info_score

import kerassl

# 供测试用的快速模式，结果没有意义。
FAST = os.environ.get("KERASSL_FAST") == "1"
PASSES = 4 if FAST else 60

keras.utils.set_random_seed(0)

# %% [markdown]
# ## 数据和模型
#
# 数字的标签只在最后用来评判。数字有 10 个，聚类有 40 个：每个数字有好几种写法，论文
# 也发现聚类数远多于类别数时效果最好。若要用**你自己的文件夹**，请用
# `kerassl.data.ImageFolder("photos", size=96)`，并选择适合该尺寸的编码器。

# %%
train = kerassl.data.digits()
test = kerassl.data.digits("test")
encoder = kerassl.encoders.resnet(
    (8, 8, 1), depths=(1, 1), widths=(32, 64), name="encoder"
)
# 数字翻转后就不是原来的数字了，所以不做翻转。
pretext = kerassl.pretext.RandomView(8, crop_scale=(0.5, 1.0), flip_rate=0.0)
task = kerassl.models.DeepCluster(
    encoder, pretext, num_examples=len(train), num_clusters=40, pca_dim=32
)

# %% [markdown]
# ## 训练
#
# 每一遍开始之前，`fit` 都会重新聚类。`cluster_accuracy` 是聚类被说对的视图所占的比例。
# `cluster_nmi` 表示这次聚类与上一遍有多一致：完全相同为 1，毫无关系为 0。

# %%
task.compile(keras.optimizers.Adam(0.002))
history = task.fit(task.dataset(train, batch_size=64), epochs=PASSES, verbose=0).history
for name in ("cluster_accuracy", "cluster_nmi", "smallest_cluster", "largest_cluster"):
    values = history[name]
    print(f"{name}: {values[0]:.3f} at first, {values[-1]:.3f} in the last pass")
agreement = normalized_mutual_info_score(train.labels, task.labels.numpy())
print(f"clusters and digits, which it never saw, agree to {agreement:.3f}")

# %% [markdown]
# ## 看看聚类
#
# 左边是测试集的图像，旁边是编码器放进同一聚类的图像。找找放错的：它把哪些数字弄混了？

# %%
figure = task.draw(test.fetch(range(8)))
figure.savefig("clusters.png", dpi=100)

figure = Figure(figsize=(5, 3), layout="constrained")
axis = figure.subplots()
axis.plot(range(2, 2 + len(history["cluster_nmi"])), history["cluster_nmi"])
axis.set_xlabel("pass")
axis.set_ylabel("agreement with the clusters before (NMI)")
figure.savefig("cluster_changes.png", dpi=100)

# %% [markdown]
# ## 特征值多少
#
# 照例，旁边放着同样结构、随机权重的编码器。


# %%
def inputs_and_labels(source):
    images = source.fetch(range(len(source)))
    return pretext.prepare(images).numpy(), source.labels


comparison = kerassl.transfer.compare(
    task.encoder,
    inputs_and_labels(train),
    inputs_and_labels(test),
    labels_per_class=(5,) if FAST else (1, 10, None),
    draws=1 if FAST else 3,
    methods=("knn", "linear_probe"),
    controls=("random",),
    progress=False,
)
print(comparison.to_markdown())

# %% [markdown]
# ## 接下来
#
# - 试试 `num_clusters=10`。它能找出十个数字吗？
# - 有两件事使它不会把所有图像都归到一个聚类：空的聚类会分到别的聚类的一部分，小聚类
#   和大聚类同样重要。这样做有没有用，看 `smallest_cluster` 和 `largest_cluster`。
# - `byol_moco_simclr.py` 里有不用聚类、也不必停下来聚类的学习方法。
