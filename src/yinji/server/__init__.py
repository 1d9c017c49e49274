"""The HTTP side: API, pages, sign-in. Floor 7; knows nothing of bytes and SQL, only the platform."""
