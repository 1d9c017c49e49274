"""Detectors: one module each, each yields :class:`~yinji.evidence.base.Evidence`. Floor 3 of the house.

A detector says what it found and how sure that is. What follows from it is for :mod:`yinji.regimes`.
"""
