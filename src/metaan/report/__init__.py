"""The report: sections of plain data, and the files made from them."""
