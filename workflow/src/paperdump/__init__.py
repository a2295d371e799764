"""paperdump: raw dumps of paper listings in, one clean and validated Parquet dataset out."""

__version__ = "0.1.0"
