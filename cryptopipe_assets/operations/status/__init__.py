"""How fresh each table is and what holds it up. Reads files, writes none."""
