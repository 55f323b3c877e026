"""The Sax HTTP server, in the dialects of both its versions."""
