"""Folders of recorded vendor files as a world. Invents nothing."""
