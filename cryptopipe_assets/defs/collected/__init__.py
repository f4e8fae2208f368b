"""Tables as vendors gave them; all others can be rebuilt from these.

No request is written here: see `collect`.
"""
