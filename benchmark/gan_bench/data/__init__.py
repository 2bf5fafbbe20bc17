"""Images of a folder, a zip or a named data set, prepared once and kept in the cache."""
