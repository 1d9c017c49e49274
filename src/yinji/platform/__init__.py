"""The platform side: items, declarations, notices, the audit log, the database. Floor 6; knows nothing of HTTP."""
