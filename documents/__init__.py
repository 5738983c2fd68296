"""Paper: the impact report, the note for the township and the chart, as PDF, PNG and SVG."""
