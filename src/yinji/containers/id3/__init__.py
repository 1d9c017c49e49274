"""ID3v2 tags, shared by MP3, AAC, AIFF and WAV."""
