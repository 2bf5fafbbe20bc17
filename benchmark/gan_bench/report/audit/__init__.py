"""What an audit of metrics found: statistics, tables, and the formats that they come in."""
