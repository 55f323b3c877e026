"""A cluster's API: objects, lists and watches, logs, and the way to the servers inside."""
