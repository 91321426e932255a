"""Learn distributed systems in Jupyter, on real worker processes that really get killed and frozen.

Importing this package imports neither Dask nor Jupyter: public names are looked up on first use (PEP 562).
"""

import importlib

# public name -> the module that defines it
_HOME = {
    "Cluster": "toolkit.cluster",
    "Node": "toolkit.system",
    "System": "toolkit.system",
    "check": "toolkit.exercises",
    "flights": "toolkit.data",
}

__all__ = ["Cluster", "Node", "System", "check", "flights"]


def __getattr__(name):  # no annotations here: an older Python must get as far as the message in __main__
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError("module 'toolkit' has no attribute " + repr(name))


def __dir__():
    return sorted(set(globals()) | set(__all__))
