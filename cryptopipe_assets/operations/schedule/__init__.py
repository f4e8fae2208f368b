"""When each tier and table is asked: rounds and the next one."""
