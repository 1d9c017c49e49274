"""WAV, RF64 and BW64."""
