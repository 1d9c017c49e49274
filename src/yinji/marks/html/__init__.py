"""The label in web pages (GB 45438-2025 5.1)."""
