"""What follows from evidence, per jurisdiction. Floor 4 of the house: pure functions over versioned data, no files."""
