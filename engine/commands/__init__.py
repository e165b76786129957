"""The commands of ``smarties``, one file each; ``COMMANDS`` is the list of them."""

from __future__ import annotations

import click

from engine.commands.describe import describe
from engine.commands.embed import embed
from engine.commands.models import fetch, models
from engine.commands.sample import sample
from engine.commands.sensors import sensors
from engine.commands.stats import stats
from engine.commands.worker import worker

COMMANDS: tuple[click.Command, ...] = (describe, embed, stats, models, sensors, fetch, sample, worker)
