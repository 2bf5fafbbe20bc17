"""The results folder: its layout, records, atomic writes, reading and locks."""
