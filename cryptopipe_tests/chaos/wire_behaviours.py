"""How the way to a vendor fails: refusals, broken lines, pages that are no answer."""

from cryptopipe_tests.chaos.behaviours import Behaviour

BANNED = '{"code":-1003,"msg":"Way too many requests; IP(1.2.3.4) banned until 1773139000000."}'
SUMS = "the checksum tells, and the file is not what its vendor promised"
A_FILE = ("archive",)
WITH_CODES = ("bybit", "okx", "coinmarketcap")

PASSING = (
    *(
        Behaviour(name=f"{status} once", kind="status", value=status, times=1, expected="same")
        for status in (408, 429, 500, 502, 503, 504)
    ),
    Behaviour(
        name="429 once, with a wait",
        kind="status",
        value=429,
        times=1,
        headers={"Retry-After": "0.02"},
        expected="same",
    ),
    Behaviour(name="reset once", kind="reset", times=1, expected="same"),
    Behaviour(name="reset in the body once", kind="reset_body", times=1, expected="same"),
    Behaviour(name="body cut off once", kind="truncate", times=1, expected="same"),
    Behaviour(name="gzip broken once", kind="gzip_broken", times=1, expected="same"),
    Behaviour(name="JSON cut off once", kind="cut_json", times=1, expected="same", without=A_FILE),
    Behaviour(name="no answer once", kind="hang", times=1, expected="same"),
    Behaviour(name="slow drip", kind="drip", value=0.1, expected="same"),
    Behaviour(name="byte order mark", kind="byte_order_mark", expected="same", without=A_FILE),
    Behaviour(name="spaces in the JSON", kind="spaced_json", expected="same", without=A_FILE),
)
LASTING = (
    Behaviour(name="429", kind="status", value=429, expected="unavailable", sent=3),
    Behaviour(
        name="429 for an hour",
        kind="status",
        value=429,
        headers={"Retry-After": "3600"},
        expected="unavailable",
        sent=1,
    ),
    Behaviour(
        name="418 ban", kind="status", value=418, body=BANNED, expected="unavailable", sent=1
    ),
    Behaviour(name="503", kind="status", value=503, expected="unavailable", sent=3),
    Behaviour(name="reset", kind="reset", expected="unavailable", sent=3),
    Behaviour(name="reset in the body", kind="reset_body", expected="unavailable", sent=3),
    Behaviour(name="body cut off", kind="truncate", expected="unavailable", sent=3),
    Behaviour(name="gzip broken", kind="gzip_broken", expected="unavailable", sent=3),
    Behaviour(
        name="gzip cut off",
        kind="gzip_cut",
        expected="unavailable",
        but={"archive": ("changed", SUMS)},
    ),
    Behaviour(name="JSON cut off", kind="cut_json", expected="unavailable", sent=3, without=A_FILE),
    Behaviour(
        name="empty body",
        kind="empty_body",
        expected="unavailable",
        but={"archive": ("changed", SUMS)},
    ),
    Behaviour(name="old cache that says so", kind="aged", expected="unavailable", without=A_FILE),
    Behaviour(
        name="failure that passes in a 200",
        kind="envelope",
        value=-1,
        expected="unavailable",
        only=WITH_CODES,
        sent=3,
    ),
)
REFUSED = (
    *(
        Behaviour(name=str(status), kind="status", value=status, expected="rejected", sent=1)
        for status in (400, 402, 451)
    ),
    *(
        Behaviour(
            name=str(status),
            kind="status",
            value=status,
            expected="rejected",
            without=("coingecko",),
            sent=1,
        )
        for status in (401, 403)
    ),
    *(
        Behaviour(  # without the key, CoinGecko may still answer
            name=f"{status}, of two plans",
            kind="status",
            value=status,
            expected="rejected",
            only=("coingecko",),
            sent=2,
        )
        for status in (401, 403)
    ),
    Behaviour(
        name="404",
        kind="status",
        value=404,
        expected="rejected",
        but={"archive": ("not published", "a file that is late is no refusal")},
        sent=1,
    ),
    Behaviour(
        name="refusal in a 200",
        kind="envelope",
        value=-2,
        expected="rejected",
        only=WITH_CODES,
        sent=1,
    ),
)
NO_ANSWER = (
    Behaviour(name="HTML page", kind="html", expected="changed"),
    Behaviour(name="redirect to itself", kind="redirect", expected="changed", sent=1),
    Behaviour(name="null document", kind="null_document", expected="changed"),
    Behaviour(name="empty object", kind="empty_object", expected="changed"),
    Behaviour(
        name="failure of an unknown form in a 200",
        kind="envelope",
        value=-1003,
        expected="changed",
        without=WITH_CODES,
    ),
    Behaviour(
        name="answer inside another object", kind="wrapped", expected="changed", without=A_FILE
    ),
)
WIRE = (*PASSING, *LASTING, *REFUSED, *NO_ANSWER)

ENVELOPES = {  # codes of failures that pass, and of refusals
    "bybit": {-1: 10006, -2: 10001},
    "okx": {-1: 50011, -2: 51000},
    "coinmarketcap": {-1: 500, -2: 400},
}
