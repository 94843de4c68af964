"""How far weaker designs can be believed: what would have to be true for what they say to stand."""
