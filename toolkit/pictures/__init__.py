"""Draw a record as SVG, once, in Python: one picture for a cell, a saved notebook, exported HTML and a test.

No Jupyter and no Dask in here. Pictures read records by their attributes and import no room that makes them.
"""

from toolkit.pictures.cluster_panel import cluster_panel
from toolkit.pictures.cluster_timeline import cluster_timeline
from toolkit.pictures.hash_ring import hash_ring
from toolkit.pictures.partition_map import partition_map
from toolkit.pictures.picture import Picture
from toolkit.pictures.space_time import space_time

__all__ = ["Picture", "cluster_panel", "cluster_timeline", "hash_ring", "partition_map", "space_time"]
