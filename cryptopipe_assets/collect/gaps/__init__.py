"""What a table lacks, why, and how it is repaired. Returns frames and counts; no Dagster."""
