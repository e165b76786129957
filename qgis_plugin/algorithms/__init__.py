"""What SMARTIES offers in the Processing toolbox: one algorithm per file; `ALGORITHMS` is the list of them."""

from __future__ import annotations

from typing import Tuple, Type

from .base import SmartiesAlgorithm
from .change import Change
from .check_engine import CheckEngine
from .cluster import Cluster
from .describe import Describe
from .embed import Embed
from .fetch_model import FetchModel
from .reconstruct import Reconstruct
from .reduce import Reduce
from .sample_scene import SampleScene
from .segment import Segment
from .similarity import Similarity
from .train_head import TrainHead

ALGORITHMS: Tuple[Type[SmartiesAlgorithm], ...] = (
    Embed,
    Describe,
    TrainHead,
    Segment,
    Cluster,
    Similarity,
    Reduce,
    Change,
    Reconstruct,
    FetchModel,
    CheckEngine,
    SampleScene,
)
