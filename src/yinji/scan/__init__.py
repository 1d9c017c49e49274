"""Many files at once. Floor 6 of the house; knows nothing of the database."""
