"""Records -> leaderboards, in every format."""
