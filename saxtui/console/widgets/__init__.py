"""What screens are built of: tables, the pod grid, log and chat views, fields."""
