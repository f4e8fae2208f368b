"""Raw evidence: what vendors answered, kept so that a day can be made from it once more."""
