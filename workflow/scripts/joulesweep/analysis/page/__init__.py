"""The report as one HTML page that works offline: the words of report.md, and its variants to sort, filter and plot."""
