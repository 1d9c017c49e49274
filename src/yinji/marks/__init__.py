"""Labels people see or hear: rendering and layout. Floor 1 of the house; knows nothing of metadata or of rules."""
