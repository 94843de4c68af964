"""What a strict reader of the workbook would find, each finding with its cell."""
