"""The past of single symbols, fetched on demand."""
