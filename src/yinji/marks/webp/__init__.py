"""The label on WebP: still, and in every frame of what moves."""
