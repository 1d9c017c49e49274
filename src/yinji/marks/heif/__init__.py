"""The label on HEIC and AVIF: the coded picture, or the tiles of it, that the label touches."""
