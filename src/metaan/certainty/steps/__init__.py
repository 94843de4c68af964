"""The domains of GRADE: each module proposes one step from the numbers of one body of evidence."""
