"""The models that have a name; the engine knows where each comes from."""

from __future__ import annotations

#: The names of the engine's zoo, in its order: the engine itself cannot be imported here, for it needs torch.
MODELS = ("smarties-tiny", "smarties-v1-vit-b", "smarties-v1-vit-l")
DEFAULT_MODEL = MODELS[0]
#: Those that are downloaded before they can be used.
DOWNLOADED = MODELS[1:]
