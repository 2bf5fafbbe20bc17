"""What a user is told of a set: the data report and the contact sheet."""
