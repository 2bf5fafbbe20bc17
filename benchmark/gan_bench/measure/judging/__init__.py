"""Judges: small classifiers that name the mode of an image, or reject it."""
