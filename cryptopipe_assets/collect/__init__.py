"""Ask vendors for the rows of a table. Knows no Dagster, no SQL, no strategy."""
