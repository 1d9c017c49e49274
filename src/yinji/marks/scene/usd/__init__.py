"""The plate in OpenUSD: text layers and USDZ packages."""
