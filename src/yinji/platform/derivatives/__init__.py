"""What is made from served files for pages, cards and players. Each carries the label of what it was made from (R94).

Decoding runs in helper processes (:mod:`yinji.platform.derivatives.worker`); the label is written here afterwards.
"""
