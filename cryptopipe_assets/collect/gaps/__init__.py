"""What a table lacks, why, and how it is asked for again. Returns frames and counts."""
