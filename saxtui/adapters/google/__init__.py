"""The Google APIs: clusters and node pools, buckets, identity, quotas, and what the checks ask."""
