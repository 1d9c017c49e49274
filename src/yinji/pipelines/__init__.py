"""Adapters that keep the label alive where other programs make new files: Pillow, PyAV, ffmpeg. Floor 6 of the house.

Each makes the file as its program does, then carries the label over and reads it back; see docs/pipelines.md.
"""
