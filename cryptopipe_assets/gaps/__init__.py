"""Missing minutes: found by scanning timestamps, told apart by cause, kept in a ledger."""
