"""The tabs of the panel that build on the tab «Embed», in their order."""

from __future__ import annotations

from typing import Any, List

from .change_tab import ChangeTab
from .cluster_tab import ClusterTab
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .heads import HeadList
from .reconstruct_tab import ReconstructTab
from .reduce_tab import ReduceTab
from .segment_tab import SegmentTab
from .similar_tab import SimilarTab
from .task_tab import TaskTab
from .train_tab import TrainTab


def make_tabs(iface: Any, embed: EmbedTab, embeddings: EmbeddingLayers, heads: HeadList) -> List[TaskTab]:
    """One of each."""
    return [
        TrainTab(iface, embed, embeddings, heads),
        SegmentTab(embed, embeddings, heads),
        ClusterTab(embed, embeddings),
        SimilarTab(iface, embed, embeddings),
        ReduceTab(embed, embeddings),
        ChangeTab(iface, embed, embeddings),
        ReconstructTab(embed),
    ]
