"""Each figure that the README quotes, measured beside the peer it is compared with: `python -m benchmarks`.

A module has one function, `figures()`, which measures and returns a list of dictionaries with the keys
name, ours, peer, unit, ratio, target (in words) and met.
"""
