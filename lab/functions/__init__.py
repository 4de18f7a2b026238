"""Functions that really run: see "Functions" in lab/README.md."""
