"""What SMARTIES offers in the Processing toolbox: one algorithm per file; `ALGORITHMS` is the list of them."""

from __future__ import annotations

from typing import Tuple, Type

from .base import SmartiesAlgorithm
from .check_engine import CheckEngine
from .describe import Describe
from .embed import Embed
from .fetch_model import FetchModel
from .sample_scene import SampleScene

ALGORITHMS: Tuple[Type[SmartiesAlgorithm], ...] = (Embed, Describe, FetchModel, CheckEngine, SampleScene)
