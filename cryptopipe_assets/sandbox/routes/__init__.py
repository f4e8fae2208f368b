"""How each vendor says it: paths, parameters, limits, errors, one file a vendor. No market."""
