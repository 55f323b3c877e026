"""What is promised for each request: one step from intent to owned, or to proved gone."""
