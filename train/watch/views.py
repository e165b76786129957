"""What is looked at during a run without touching it: a second model on the same weights, ready to be used."""

from __future__ import annotations

import torch

from engine.model.autoencoder import AutoEncoder
from train.distributed import whole
from train.run import Run


def evaluation_model(run: Run) -> AutoEncoder | None:
    """The run's model as it is now, in evaluation mode, on the first rank; None on the others. All ranks call it.

    It is an object of its own: what is done with it leaves the run's model in training mode, and meets neither its
    compiled graph nor its hooks. Its weights are those of the run, not copies, unless these are spread over ranks:
    then they are gathered.
    """
    weights: dict[str, torch.Tensor] = {}
    for name, value in run.model.state_dict().items():
        gathered = whole(value)
        if run.ranks.first:
            weights[name] = gathered.detach()
    if not run.ranks.first:
        return None
    with torch.device("meta"):
        model = AutoEncoder(run.model.config)
    model.load_state_dict(weights, assign=True)
    return model.requires_grad_(False).eval()
