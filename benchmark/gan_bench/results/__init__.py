"""The results folder: its layout, records, atomic writes and locks."""
