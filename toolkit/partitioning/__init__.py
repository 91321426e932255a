"""Which node owns which data: the rules, each in a module of its own, small enough to read whole.

>>> ring = HashRing(["w0", "w1", "w2"])
>>> ring.owner("JFK")
'w2'
>>> moved(ring, ring.add("w3"), range(10_000))
Moved(2,516 of 10,000 keys = 25.2%, 0 needlessly)
"""

from toolkit.partitioning.base import Partitioner
from toolkit.partitioning.bounded import BoundedLoads
from toolkit.partitioning.explicit import Explicit
from toolkit.partitioning.jump import JumpHash
from toolkit.partitioning.keys import Key, hash_key, hash_keys
from toolkit.partitioning.load import Load, load
from toolkit.partitioning.maglev import Maglev
from toolkit.partitioning.modulo import HashModulo, Modulo
from toolkit.partitioning.moved import Moved, moved
from toolkit.partitioning.ranges import Range
from toolkit.partitioning.rendezvous import Rendezvous
from toolkit.partitioning.ring import HashRing

__all__ = [
    "BoundedLoads",
    "Explicit",
    "HashModulo",
    "HashRing",
    "JumpHash",
    "Key",
    "Load",
    "Maglev",
    "Modulo",
    "Moved",
    "Partitioner",
    "Range",
    "Rendezvous",
    "hash_key",
    "hash_keys",
    "load",
    "moved",
]
