"""The label on the pages of an OFD (GB 45438-2025 5.1)."""
