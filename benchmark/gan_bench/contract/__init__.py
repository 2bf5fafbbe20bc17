"""What the author of a plugin reads: offers and hooks, the protocol, names and errors."""
