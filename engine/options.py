"""The values a run's settings may take, and their limits. Standard library only: forms and checks share them."""

from __future__ import annotations

#: Of what one vector is made: each token, or each chip.
LEVELS = ("tokens", "chips")
#: The largest share of a chip that its neighbour may repeat.
MAX_OVERLAP = 0.9
#: A larger chip is shrunk more than 18 times before the model sees it; what a strip takes in memory grows with it.
MAX_CHIP_PX = 4096
#: How several images become one: all bands as one image, features side by side, tokens of two sensors swapped.
FUSIONS = ("stack", "concat", "mixup")
#: Types of the values of an output raster.
DTYPES = ("float32", "float16", "int8")
#: Where to compute, and in which numbers; "auto" takes what the machine does best.
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")
#: What a head is: votes of the nearest labelled places, logistic regression, a 1×1 convolution, a UPerNet decoder.
HEADS = ("linear", "knn", "conv", "upernet")
#: What a confidence raster holds: the probability of the class that won, or 1 − the entropy over its largest value.
CONFIDENCES = ("probability", "entropy")
#: A class raster of one byte holds as many classes, the last value being nodata; of two bytes, as many.
MAX_CLASSES_UINT8, MAX_CLASSES = 255, 65535
