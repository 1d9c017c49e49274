"""ISO base media files: MP4, MOV, M4A and their kin."""
