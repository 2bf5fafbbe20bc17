"""The content of a file -> the pixels that a careful viewer shows, within bounds of memory."""
