"""Copy this folder to begin a vendor; the name of the folder is the vendor's name everywhere.

Docs      where the vendor documents what we ask
Auth      none, or the header or parameter that carries the key
Budget    family of the requests, how many in which window, per address, key or endpoint
History   how far back which endpoint reaches
Symbols   how the vendor spells a contract
Numbers   texts or numbers, which unit, which time
Failures  errors that come with status 200, if any
Terms     address of the conditions; who may show or keep what
"""
