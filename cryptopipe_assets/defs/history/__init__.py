"""The past of single symbols, fetched on demand. Not part of a run over days."""
