"""The model: bands in, features out.

``load_encoder`` and ``load_autoencoder`` are all that most callers need.
"""

from engine.model import _torchvision  # noqa: F401  (before anything imports timm)
from engine.model.load import load_autoencoder, load_encoder

__all__ = ["load_autoencoder", "load_encoder"]
