"""Facts as data, each with its source and date: TPU generations, topologies, zones, prices, Sax model classes."""
