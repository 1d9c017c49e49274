"""Telling other systems what happened, as Standard Webhooks 1.0.0 says: signed, retried, listed, sent again on demand.

What is sent is the audit log: each endpoint has its place in it, so that no event is lost while nobody listens, and
any stretch can be sent again.
"""
