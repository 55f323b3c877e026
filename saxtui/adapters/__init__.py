"""The world behind the ports; client libraries are imported here and nowhere else."""
