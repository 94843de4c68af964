"""The extraction workbook and the protocol: layout as data, template, reader."""
