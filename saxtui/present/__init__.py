"""State to words, colour roles and rows, for both front doors. Pure."""
