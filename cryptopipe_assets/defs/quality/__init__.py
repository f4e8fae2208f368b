"""What is wrong with the collected tables, as tables."""
