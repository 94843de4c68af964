"""How far a result may be trusted, and the words that say no more than that."""
