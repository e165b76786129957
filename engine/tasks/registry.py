"""The tasks a worker serves, by method name; modules are loaded when first asked for."""

from __future__ import annotations

from collections.abc import Mapping

#: Method → "module:function" of ``call(params, progress, cancelled)``, which gives a JSON value.
METHODS: Mapping[str, str] = {
    "describe": "engine.tasks.describe:call",
    "plan": "engine.tasks.plan:call",
    "embed": "engine.tasks.embed:call",
    "change": "engine.tasks.change:call",
    "reduce": "engine.tasks.reduce:call",
    "segment": "engine.tasks.segment:call",
    "train_head": "engine.tasks.train_head:call",
    "cluster": "engine.tasks.cluster:call",
    "similarity": "engine.tasks.similarity:call",
    "reconstruct": "engine.tasks.reconstruct:call",
    "stats": "engine.tasks.stats:call",
    "models": "engine.tasks.models:call_listing",
    "fetch": "engine.tasks.models:call_fetch",
    "sample": "engine.tasks.sample:call",
}
