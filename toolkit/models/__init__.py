"""The formulas of the course, each with its source, each measured by a notebook until it holds or fails.

`clocks`: how far a clock can be trusted. `partitioning`: who holds how much, and what moves. `speedup`: what more
workers bring. Numbers in, a number out; an array in, an array out.
"""
