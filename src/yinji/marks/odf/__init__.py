"""The label in OpenDocument files (GB 45438-2025 5.1)."""
