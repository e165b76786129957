"""Every task the worker offers exists, and runs in a real worker process."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

from engine.tasks.registry import METHODS


@pytest.mark.parametrize("target", METHODS.values())
def test_target_exists(target):
    module, _, function = target.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_worker_describes_embeds_and_refuses_in_one_process(scene, tmp_path):
    out = tmp_path / "out.tif"
    requests = [
        {"id": 1, "method": "describe", "params": {"inputs": [str(scene["s1"])]}},
        {"id": 2, "method": "embed", "params": {"inputs": [str(scene["s1"])], "output": str(out), "overlap": 0.0}},
        {"id": 3, "method": "embed", "params": {"inputs": [str(scene["s1"])], "output": str(out)}},
    ]
    worker = subprocess.Popen(
        [sys.executable, "-m", "engine", "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdin and worker.stdout
    worker.stdin.write("".join(json.dumps(request) + "\n" for request in requests))
    worker.stdin.flush()
    answers = {}
    events = []
    for line in worker.stdout:
        message = json.loads(line)
        events.append(message)
        if "result" in message or "error" in message:
            answers[message["id"]] = message
        if len(answers) == 3:
            break
    worker.stdin.close()
    assert worker.wait(timeout=20) == 0
    assert events[0]["hello"]["versions"]["torch"]
    assert answers[1]["result"]["images"][0]["sensor"]["name"] == "sentinel-1-grd"
    assert answers[2]["result"]["dims"] == 192 and out.is_file()
    assert any("progress" in event and event["id"] == 2 for event in events)
    assert answers[3]["error"]["code"] == "output" and "exists" in answers[3]["error"]["message"]
