"""What fetching the past costs, and what forbids it. Fetches nothing."""
