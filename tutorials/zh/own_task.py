# %% [markdown]
# # 写一个你自己的代理任务
#
# 一个代理任务是两个小类：**代理任务层**把原始样本变成输入和目标，**模型**规定由它们
# 计算什么、损失是什么。其余的都已具备：数据集、多设备训练、可以逐比特恢复的检查点、
# 与随机编码器并列的报告、图片和命令行。
#
# 我们来写**旋转预测**（Gidaris 等，2018，https://arxiv.org/abs/1803.07728）：把图像旋转
# 0、90、180 或 270 度，编码器要说出转了多少。要知道哪边是上，就得知道看到的是什么。

# %%
import os

import keras
import tensorflow as tf
from keras import ops

import kerassl

# 供测试用的快速模式，结果没有意义。
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## 代理任务层
#
# `call` 接收一批原始样本和一个种子，返回 `(x, y)`。它用 TensorFlow 写成，因为它在
# `tf.data` 里运行；每个随机数都由种子决定，正因如此，一次运行的第 n 个批次总是同一
# 个。
# `prepare` 给出不带任务的编码器输入，`draw` 让人看到任务做了什么。报告和预览两者都
# 需要。


# %%
@keras.saving.register_keras_serializable(package="own_task")
class Rotate(kerassl.pretext.PretextLayer):
    """Turns each image by a random number of quarter turns, the target."""

    def call(self, inputs, seed):
        images = self.prepare(inputs)
        turns = tf.random.stateless_uniform(tf.shape(images)[:1], seed, 0, 4, tf.int32)
        turned = tf.stack([tf.image.rot90(images, k) for k in range(4)], axis=1)
        return tf.gather(turned, turns, batch_dims=1), turns

    def prepare(self, inputs):
        return tf.cast(inputs, tf.float32) / 255.0

    def draw(self, inputs, seed):
        turned, _ = self(inputs, seed)
        columns = [self.prepare(inputs).numpy(), turned.numpy()]
        return kerassl.pictures.image_grid(columns, titles=["image", "turned"])


# %% [markdown]
# ## 模型
#
# `propagate` 是前向计算。`objective` 返回损失的各个命名项，每个样本一个值；对所有设备
# 求平均由基类完成。`measures` 给出日志要显示的量。只用 `keras.ops` 来写，任务就既能在
# TensorFlow 上、也能在 JAX 上运行。


# %%
@keras.saving.register_keras_serializable(package="own_task")
class RotationPrediction(kerassl.models.PretextModel):
    """Tells by how many quarter turns an image was turned."""

    tracked = ("accuracy",)

    def __init__(self, encoder, pretext=None, *, name=None, **kwargs):
        super().__init__(encoder, pretext, name=name, **kwargs)
        self.head = keras.layers.Dense(4, name="head")
        self.head.build(encoder.output_shape)
        self.built = True

    def propagate(self, x, training):
        return self.head(self.encoder(x, training=training))

    def objective(self, x, y, outputs, training):
        loss = ops.sparse_categorical_crossentropy(y, outputs, from_logits=True)
        return {"rotation": loss}

    def measures(self, x, y, outputs):
        return {"accuracy": ops.equal(ops.argmax(outputs, axis=-1), y)}


# %% [markdown]
# ## 普通的 Keras
#
# 这个任务就是一个 Keras 模型：compile，fit。瞎猜的正确率是四分之一。

# %%
digits = kerassl.data.digits()


def make():
    encoder = kerassl.encoders.resnet((8, 8, 1), depths=(1, 1), widths=(32, 64))
    return RotationPrediction(encoder, Rotate(), name="rotation_digits")


task = make()
task.compile("adam")
history = task.fit(task.dataset(digits, batch_size=128), epochs=2, verbose=0)
print(f"turns told after 2 epochs: {history.history['accuracy'][-1]:.2f}")

# %% [markdown]
# ## 一次调用
#
# `kerassl.pretrain` 可以用任务代替预设的名字，并据此完成一次完整的运行：被中断后，
# 同样的调用会接着训练；完成之后，则显示报告。有标签的样本会留出一部分不参加预训练，
# 用来衡量。

# %%
task = make()
task.compile(keras.optimizers.Adam(0.001))
run = kerassl.pretrain(
    task,
    digits,
    out="runs/rotation_digits",
    steps=30 if FAST else 600,
    evaluate=not FAST,
    progress=False,
)
print(run)

# %% [markdown]
# 除了表格，文件夹 `runs/rotation_digits` 里还有普通 Keras 格式的编码器、展示任务的图片
# （`views.png`）、展示编码器特征的图片（`embedding.png`）、损失曲线和检查点。
#
# ## 命令行
#
# 把这两个类连同 import 放进 `rotation.py`，在旁边写一个 `rotation.json`，以
# `kerassl show simclr_digits --json` 的输出为起点，把名字和两个完整的部分换成
#
# ```json
# "name": "rotation",
# "pretext": {"class": "rotation.Rotate"},
# "model": {"class": "rotation.RotationPrediction"}
# ```
#
# 然后
#
# ```console
# kerassl preview rotation.json --import rotation
# kerassl pretrain rotation.json --import rotation --data photos/
# ```
#
# 就和其他预设一样了。
#
# ## 接下来
#
# - `kerassl.testing.check_task` 对你的类做我们自己的任务都要通过的检查：保存、恢复、
#   bfloat16。`check_replicas` 再加上两个设备。
# - 十个数字里哪些倒过来看还一样？看看特征地图怎样安排它们。
