"""What is wrong with the collected tables, as tables. Changes no value."""
