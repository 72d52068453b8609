"""A trained encoder in the formats of others: it then runs without kerassl.

`formats/` has one file a format, `calls.py` is the call.
"""

from kerassl.use.exporting.calls import Export as Export
from kerassl.use.exporting.calls import export as export
