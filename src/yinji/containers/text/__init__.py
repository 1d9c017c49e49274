"""Text: Markdown, front matter, plain text."""
