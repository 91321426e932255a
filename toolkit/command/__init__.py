"""What `python -m toolkit …` does: set up, open the course, run it, test it, export it.

`main` and `environment` use the standard library alone, because they run before anything is installed.
"""
