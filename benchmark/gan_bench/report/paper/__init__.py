"""Figures for a paper: vector graphics in the widths of a journal's columns."""
