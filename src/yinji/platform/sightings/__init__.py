"""The labels of ours that are seen and heard in uploads, with box and seconds: evidence like any other.

Decoding runs in helper processes (:mod:`yinji.platform.sightings.worker`), one upload at
a time, behind everything else.
"""
