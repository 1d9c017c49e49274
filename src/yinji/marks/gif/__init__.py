"""The label on GIF: still, and in every frame of what moves."""
