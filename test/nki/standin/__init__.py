"""Numpy stand-ins of both dialects of NKI, written from the documented rules."""
