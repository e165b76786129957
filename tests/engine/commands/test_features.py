"""Commands on embeddings offer every setting of their jobs, and tell what they wrote."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from click.testing import CliRunner
from made_embeddings import made_embedding

from engine.cli import cli
from engine.jobs.change import ChangeJob
from engine.jobs.cluster import ClusterJob
from engine.jobs.reduce import ReduceJob


@pytest.mark.parametrize("name, job", [("cluster", ClusterJob), ("reduce", ReduceJob), ("change", ChangeJob)])
def test_every_setting_of_the_job_is_an_option_with_its_default(name, job):
    context = cli.commands[name].make_context(name, ["a.tif"])
    values = {key: value for key, value in context.params.items() if key != "as_json"}
    fields = {field.name: field.default for field in dataclasses.fields(job) if field.name != "inputs"}
    assert {key: value for key, value in values.items() if key != "inputs"} == fields


@pytest.mark.parametrize("arguments", [["cluster"], ["reduce"], ["change", "--after", "{source}"]])
def test_a_result_is_a_text_for_people_and_json_for_programs(tmp_path, arguments):
    source = made_embedding(tmp_path / "e.tif", np.random.default_rng(0).normal(size=(5, 8, 9)))
    command = [part.format(source=source) for part in arguments]
    out = tmp_path / "out.tif"
    told = CliRunner().invoke(cli, [*command, str(source), "--out", str(out)], catch_exceptions=False)
    assert told.exit_code == 0 and f"Wrote {out}: 9 × 8 cells" in told.stdout
    again = CliRunner().invoke(cli, [*command, str(source), "--out", str(out), "--overwrite", "--json"])
    assert json.loads(again.stdout)["rows"] == 8
