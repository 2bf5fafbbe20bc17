"""A static site of leaderboards: an index, a page for each protocol, a page for each row."""
