"""Says, as JSON, which packages of the Neuron SDK this Python has.

Nothing is imported: that can take a minute.
"""

import importlib.metadata
import importlib.util
import json
import platform

MODULES = {
    "neuronxcc": "neuronx-cc",
    "nki": "nki",
    "torch_neuronx": "torch-neuronx",
    "torch_xla": "torch-xla",
    "torch": "torch",
}


def version(distribution):
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown version"


packages = {
    module: version(distribution)
    for module, distribution in MODULES.items()
    if importlib.util.find_spec(module) is not None
}
print(json.dumps({"python": platform.python_version(), "packages": packages}))
