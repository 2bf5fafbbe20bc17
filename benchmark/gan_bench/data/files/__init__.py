"""What the user gave: the files of a folder, a zip or an array file, and what each of them is."""
