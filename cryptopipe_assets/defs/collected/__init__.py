"""Tables as vendors gave them. Everything in the other layers can be rebuilt from these."""
