"""The label in electronic books (GB 45438-2025 5.1)."""
