"""Facts and formats that every stage shares; nothing here computes on effects and variances."""
