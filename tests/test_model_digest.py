"""What identifies a model is the same on every Python, version of torch and processor.

The pinned digest does the comparing: these tests pass under another Python or torch only if it sees the same model.
"""

import os
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

CODE = """
import sys
sys.path[:0] = ["workflow/scripts", "."]
import torch
from joulesweep.model import weights
from joulesweep.model.module import build
from tests.count_specs import tokens
print(weights.digest(build(spec := tokens("python:tests/digest_model.py:build", 16)), spec))
"""
# Seen with Python 3.11 and torch 2.14.1, without vector instructions and with AVX2. Before biases were drawn, the digest was also
# equal with Python 3.10 and 3.12, torch 2.13.0, and AVX-512.
DIGEST = "acc2a564708e5663"


@pytest.mark.parametrize("capability", ["default", "native"])
def test_the_same_random_model_has_the_same_digest_everywhere(capability):
    environment = {name: value for name, value in os.environ.items() if name != "ATEN_CPU_CAPABILITY"}
    if capability == "default":
        environment["ATEN_CPU_CAPABILITY"] = "default"
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == DIGEST
