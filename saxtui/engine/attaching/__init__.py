"""Clusters that others made."""
