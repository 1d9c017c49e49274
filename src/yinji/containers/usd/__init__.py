"""USD and USDZ."""
