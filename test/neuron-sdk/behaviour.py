"""How the stand-ins behave: FAKE_NEURON is WHAT, or WHAT:KERNEL for that kernel only."""

import os
import signal
import sys
import time


def misbehave(kernel):
    """Does what a compiler or a runtime may do; returns the behaviour, if it is about the results."""
    what, _, only = os.environ.get("FAKE_NEURON", "").partition(":")
    if only and only != kernel.__name__:
        return ""
    if what == "raise":
        raise RuntimeError("[F134] neuronx-cc terminated abnormally\nsecond line")
    if what == "exit":
        sys.exit(70)
    if what == "crash":
        print("NRT: nrt_init failed, no devices", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if what == "vanish":
        os._exit(0)
    return what
