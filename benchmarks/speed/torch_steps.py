"""Steps of a PyTorch model."""

import torch


def train(model, loss_of, clock, compiled=False):
    """Times forward pass, backward pass and AdamW.

    Args:
        model: A `torch.nn.Module`.
        loss_of: From the model to the loss of the batch.
        clock: A `Clock`.
        compiled: Whether `torch.compile` makes the model.
    """
    # The fused kernel is what Hugging Face's Trainer takes, and the fastest.
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-3, weight_decay=0.01, fused=True
    )
    model.train()
    if compiled:
        model = torch.compile(model)
    finished = False
    while not finished:
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        optimizer.step()
        finished = clock.tick(loss.detach())
