"""Declarations in the words of other platforms, mapped one to one (rules W17). Words are data, a file a platform."""
