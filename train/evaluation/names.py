"""What the settings of an evaluation are called. Standard library only: the commands' help needs nothing else."""

from __future__ import annotations

#: Of what an image's vector is made: the CLS token, or the mean of the tokens, both after the final norm.
POOLINGS = ("cls", "mean")
#: The resize that the model was trained with, or antialiased bicubic.
RESIZES = ("exact", "bicubic")
#: Protocols of METHOD, section 6; those of segmentation are ``SEGMENTS``.
SEGMENTS = ("conv", "upernet")
PROTOCOLS = ("knn", "linear", "finetune", "multiscale-knn", *SEGMENTS)
