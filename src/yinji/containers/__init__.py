"""Where a label sits in the bytes, one module per container family. Floor 2 of the house.

The pieces, in reading order: :mod:`source` (bounded bytes), :mod:`model` (what reading yields), :mod:`base` (the
protocol a container fulfils), :mod:`registry` (which container a file is), :mod:`reading` (labels from blocks),
:mod:`splice` (what a write changes) and :mod:`executors` (how it reaches the disk).
"""
