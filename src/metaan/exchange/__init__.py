"""Extractions from and to the formats of other programs; takes and returns text, bytes and rows."""
