"""Signing in with an account of another house (OpenID Connect): its people, and its programs with their tokens."""
