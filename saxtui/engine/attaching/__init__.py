"""Clusters that others made: found, taken among ours, audited; never changed."""
