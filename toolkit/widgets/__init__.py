"""Make pictures move: controls and live panels for a notebook, the drawing itself stays in `toolkit.pictures`.

Every widget also carries its picture as HTML and SVG, so a notebook that is opened without a kernel, and an exported
page, show what was there last. Names are looked up on first use (PEP 562): one widget loads only what it needs.
"""

import importlib
from typing import Any

# public name -> the module that defines it
_HOME = {
    "ClusterPanel": "toolkit.widgets.cluster_panel",
    "PartitionExplorer": "toolkit.widgets.partition_explorer",
    "PictureWidget": "toolkit.widgets.picture_widget",
    "RingExplorer": "toolkit.widgets.ring_explorer",
    "SpaceTime": "toolkit.widgets.space_time",
    "predict": "toolkit.widgets.prediction",
    "to_html": "toolkit.widgets.export",
}

__all__ = ["ClusterPanel", "PartitionExplorer", "PictureWidget", "RingExplorer", "SpaceTime", "predict", "to_html"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'toolkit.widgets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
