"""The report of a sweep: one HTML file that needs nothing else, for the worker who reads it, files it and can repeat it.

It shows no media. Outside practice it shows ids under the centre's key, sources and masked reasons, and nothing that leads to
a place or a person.
"""

from jikim.reporting.report import ReportNotWritten, report_paths, write_report

__all__ = ["ReportNotWritten", "report_paths", "write_report"]
