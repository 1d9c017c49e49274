"""The label on video (GB 45438-2025 5.4): encodes again only the pictures that show it."""
