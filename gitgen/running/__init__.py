"""Running a program that nobody has to trust."""
