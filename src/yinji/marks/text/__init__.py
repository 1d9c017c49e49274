"""The label in text and Markdown (GB 45438-2025 5.1)."""
