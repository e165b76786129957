"""What a user can ask for: one frozen dataclass per task, with its checks and its JSON form.

Standard library only: the command line, the worker, Python and the QGIS process build the very same jobs.
"""
