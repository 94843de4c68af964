"""Models with moderators: meta-regression, subgroups, location and scale."""
