"""How fresh each table is and what holds it up."""
