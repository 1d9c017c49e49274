"""The codecs of imagecodecs (JPEG XL; AVIF of many bits) in processes of their own."""
