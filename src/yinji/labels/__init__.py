"""What a label says: pure values, no I/O. Floor 1 of the house."""
