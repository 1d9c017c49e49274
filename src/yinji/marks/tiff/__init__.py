"""The label on TIFF: every page, and of each only the strips or tiles that it touches."""
