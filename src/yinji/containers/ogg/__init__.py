"""Ogg: Vorbis, Opus and others."""
