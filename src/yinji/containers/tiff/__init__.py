"""TIFF, BigTIFF and DNG."""
