"""What the commands that tell of a branch read: many commits at once, and nothing is written."""
