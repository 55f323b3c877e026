"""What is seen of a live cluster: its picture, its logs, the phases read from them."""
