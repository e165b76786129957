"""Makes torchvision importable beside a CPU build of torch. Import this before timm.

The package index offers torchvision built for CUDA builds of torch. Beside a CPU
build its compiled operators are not registered, and its import, which timm needs,
fails with "operator torchvision::nms does not exist". Nothing here calls these
operators: declaring their schemas is enough for the import to go through.
"""

from __future__ import annotations

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def declare_operators() -> torch.library.Library | None:
    """Declares the two schemas and returns the library that holds them; None where torch has a CUDA build.

    The declaration lasts as long as the returned object.
    """
    if torch.version.cuda is not None:
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    declared = {schema.name for schema in torch._C._jit_get_all_schemas() if schema.name.startswith("torchvision::")}
    for schema in _SCHEMAS:
        # A torchvision built for this torch, imported earlier, has declared them itself.
        if f"torchvision::{schema.partition('(')[0]}" not in declared:
            library.define(schema)
    return library


LIBRARY = declare_operators()
