"""What the strategies say, from the derived tables."""
