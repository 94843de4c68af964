"""One small figure for each way to ask how far the weaker designs can be believed."""
