"""Text and number formats, random streams, precision: imported by all, imports none."""
