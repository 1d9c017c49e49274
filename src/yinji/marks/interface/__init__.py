"""The label of an interface (GB 45438-2025 5.6): a web component without dependencies, and how to serve it."""
