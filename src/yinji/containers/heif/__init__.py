"""HEIF: HEIC and AVIF."""
