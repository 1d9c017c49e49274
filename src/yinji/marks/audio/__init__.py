"""The label people hear (GB 45438-2025 5.3): put in front of or behind sound that is copied as it is."""
