"""The commands of ``smarties``, one file each; ``COMMANDS`` is the list of them."""

from __future__ import annotations

import click

from engine.commands.cache import cache
from engine.commands.change import change
from engine.commands.cluster import cluster
from engine.commands.describe import describe
from engine.commands.embed import embed
from engine.commands.embed_many import embed_many
from engine.commands.models import fetch, models
from engine.commands.reconstruct import reconstruct
from engine.commands.reduce import reduce
from engine.commands.sample import sample
from engine.commands.segment import segment
from engine.commands.sensors import sensors
from engine.commands.similarity import similarity
from engine.commands.stats import stats
from engine.commands.train_head import train_head
from engine.commands.worker import worker

COMMANDS: tuple[click.Command, ...] = (
    describe,
    embed,
    embed_many,
    change,
    reduce,
    segment,
    train_head,
    cluster,
    similarity,
    reconstruct,
    stats,
    models,
    sensors,
    fetch,
    cache,
    sample,
    worker,
)
