"""What the wizard asks, what answers mean and what the project says to them; the screen is screens/setup.py."""
