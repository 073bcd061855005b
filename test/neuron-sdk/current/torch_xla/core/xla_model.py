"""PyTorch/XLA: operations are gathered until mark_step."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
from shared import record  # noqa: E402


def xla_device():
    return "xla:0"


def mark_step():
    record("mark_step")


def wait_device_ops():
    record("wait_device_ops")
