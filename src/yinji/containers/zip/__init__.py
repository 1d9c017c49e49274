"""ZIP archives: reading and editing them part by part."""
