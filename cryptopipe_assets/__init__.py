"""cryptopipe: crypto derivatives data, collected, point-in-time correct, served from DuckDB."""
