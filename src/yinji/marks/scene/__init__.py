"""The label in virtual scenes: a plate with the words in front of the start view."""
