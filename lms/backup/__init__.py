"""Backup: the whole programme in one file, and back again into an empty place."""
