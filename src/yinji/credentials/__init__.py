"""C2PA: signing, verifying, trust lists, time stamps. Floor 1 of the house."""
