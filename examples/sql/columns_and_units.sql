-- Which columns does a table have, in which units, and what do they mean?
SELECT column_name, data_type, comment
FROM duckdb_columns()
WHERE table_name = 'open_interest';
