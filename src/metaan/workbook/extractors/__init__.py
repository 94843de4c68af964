"""Two people, two workbooks, one answer: split, rows aligned by meaning, differing cells, decisions, consensus."""
