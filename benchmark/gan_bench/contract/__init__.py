"""What a plugin's author reads: offers and hooks, the protocol, names and errors."""
