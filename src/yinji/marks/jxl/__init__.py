"""The label on JPEG XL."""
