"""The label in Office documents (GB 45438-2025 5.1)."""
