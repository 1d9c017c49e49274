"""The label on the pages of a PDF (GB 45438-2025 5.1)."""
