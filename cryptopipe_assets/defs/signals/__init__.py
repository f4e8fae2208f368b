"""What the strategies say, from the derived tables. Places no order."""
