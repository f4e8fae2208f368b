"""How answers are wrong that look right: rows, fields, values, pages, clocks and files."""

from collections.abc import Mapping

from cryptopipe_tests.chaos.behaviours import Behaviour, Outcome

NAMES = ("bybit instruments", "coinalyze future-markets", "coinbase products", "coingecko ping")
"""What is broken there is a word, not a number."""
LISTS = (
    "binance exchangeInfo",
    "binance fundingInfo",
    "bybit instruments",
    "okx instruments",
    "coinbase products",
)
"""Lists of contracts: they say what there is, and cannot be compared with anything."""
STAMPED = (
    "binance time",
    "binance exchangeInfo",
    "binance klines",
    "binance fundingRate",
    "binance openInterestHist",
    "archive klines",
    "archive fundingRate",
    "bybit open-interest",
    "bybit mark-price",
    "okx open-interest",
    "gate funding_rate",
    "coinalyze open-interest",
    "coinalyze funding-rate",
    "coinalyze liquidation",
    "coinbase candles",
    "coingecko market_chart",
    "coingecko ohlc",
)
"""With stamps that are numbers."""
OF_NOW = (
    "binance time",
    "bybit tickers",
    "okx open-interest",
    "coinalyze open-interest",
    "coinmarketcap listings/latest",
    "coinmarketcap quotes",
    "coingecko coins/markets",
)
ONE_OBJECT = ("binance time", "coingecko ping")
COINS = ("coinmarketcap", "coingecko coins/markets")

BLANK = "a blank is not known: left out and counted"
NAMED_IN_LOG = "no observation without price, time and a sound cap: left out and named in the log"
REPEATED = "said twice is said once"
IN_FILES = "the archive's files have such rows: counted"
A_HOLE = "what is not sent cannot be told from what never was; the table's checks show the hole"
ONE_CONTRACT = "each contract is judged by itself: left out, counted and named"
LISTED: Mapping[str, tuple[Outcome, str]] = {
    "binance exchangeInfo": ("less", ONE_CONTRACT),
    "gate contracts": ("less", ONE_CONTRACT),
}
LISTED_WITH_INTERVAL: Mapping[str, tuple[Outcome, str]] = {
    **LISTED,
    "binance fundingInfo": ("less", ONE_CONTRACT),
}
STATES: Mapping[str, tuple[Outcome, str]] = {
    "hyperliquid info, contracts": ("same", "it is a state that is wrong, and no contract's row"),
}
OF_NOW_EACH: Mapping[str, tuple[Outcome, str]] = {
    "bybit tickers": ("less", ONE_CONTRACT),
    "okx open-interest": ("less", ONE_CONTRACT),
    "gate tickers": ("less", ONE_CONTRACT),
}
PAIRED_EACH: Mapping[str, tuple[Outcome, str]] = {
    **STATES,
    **OF_NOW_EACH,
    "hyperliquid": ("less", ONE_CONTRACT),
}
LISTED_EACH: Mapping[str, tuple[Outcome, str]] = {
    **LISTED,
    "coinalyze future-markets": ("less", ONE_CONTRACT),
    "bybit instruments": ("less", ONE_CONTRACT),
    "okx instruments": ("less", ONE_CONTRACT),
}

ROWS = (
    Behaviour(
        name="duplicate row",
        kind="duplicate_row",
        expected="changed",
        without=ONE_OBJECT,
        but={
            "binance exchangeInfo": ("same", REPEATED),
            "gate contracts": ("same", REPEATED),
            "okx instruments": ("same", REPEATED),
            "bybit instruments": ("same", REPEATED),
            "coinalyze future-markets": ("same", REPEATED),
            "binance klines": ("same", REPEATED),
            "coinbase products": ("same", REPEATED),
            "binance fundingRate": ("same", REPEATED),
            "binance fundingInfo": ("same", REPEATED),
            "binance openInterestHist": ("same", REPEATED),
            "archive metrics": ("let be", IN_FILES),
            "archive": ("same", REPEATED),
            "bybit tickers": ("same", REPEATED),
            "bybit open-interest": ("same", REPEATED),
            "bybit mark-price": ("same", REPEATED),
            "okx open-interest": ("same", REPEATED),
            "gate tickers": ("same", REPEATED),
            "coingecko ohlc": ("same", REPEATED),
        },
    ),
    Behaviour(
        name="row that contradicts another",
        kind="contradicting_row",
        expected="changed",
        without=ONE_OBJECT,
        but={
            **LISTED_WITH_INTERVAL,
            **OF_NOW_EACH,
            **LISTED_EACH,
            "archive metrics": ("let be", IN_FILES),
        },
    ),
    Behaviour(
        name="reversed rows",
        kind="reversed_rows",
        expected="same",
        without=("hyperliquid",),  # there the order is what says whose row it is
    ),
    Behaviour(
        name="shuffled rows", kind="shuffled_rows", expected="same", without=("hyperliquid",)
    ),
    Behaviour(
        name="row of the future",
        kind="forming_row",
        expected="changed",
        only=(*STAMPED, *OF_NOW, "archive metrics", "coinmarketcap listings/historical"),
        without=("binance time", "coinmarketcap quotes", "bybit tickers"),
        but={
            **LISTED,
            "archive fundingRate": ("same", "a row of another month is not taken"),
            "coinalyze open-interest-history": ("same", "a bar that is not over is not taken"),
            "coinalyze funding-rate": ("same", "a bar that is not over is not taken"),
            "coinalyze liquidation": ("same", "a bar that is not over is not taken"),
            "coingecko ohlc": ("same", "a candle that is not over is not taken"),
        },
    ),
    Behaviour(
        name="null row",
        kind="null_row",
        expected="changed",
        but={**OF_NOW_EACH, **LISTED_EACH, **STATES, "hyperliquid": ("less", BLANK)},
    ),
    Behaviour(
        name="empty list",
        kind="empty",
        expected="changed",
        but={
            "binance klines": ("less", A_HOLE),
            "binance fundingRate": ("less", A_HOLE),
            "binance openInterestHist": ("less", A_HOLE),
            "coinbase candles": ("less", A_HOLE),
            "gate funding_rate": ("less", A_HOLE),
            "coinalyze future": ("changed", "that list is never empty"),
            "coinalyze": ("unavailable", "symbols that were asked for are named"),
            "coingecko coins": ("unavailable", "coins that were asked for are named"),
        },
    ),
    Behaviour(
        name="one row or symbol left out",
        kind="drop_symbol",
        times=1,
        expected="less",
        without=(*ONE_OBJECT, *LISTS, "coinalyze future"),
        but={
            "hyperliquid": ("changed", "the two lists differ in length"),
            "coinalyze open-interest-history": ("unavailable", "the symbol is named"),
            "coinalyze": ("unavailable", "the symbol is named"),
            "coinmarketcap quotes": ("unavailable", "the coin is named"),
            "coinmarketcap listings": ("unavailable", "the next page repeats coins"),
            "coingecko coins": ("unavailable", "the coin is named"),
        },
    ),
    Behaviour(
        name="another symbol than asked",
        kind="wrong_symbol",
        expected="changed",
        only=(
            "binance fundingInfo",
            "binance fundingRate",
            "binance openInterestHist",
            "archive metrics",
            "bybit tickers",
            "okx open-interest",
            "coinalyze open-interest",
            "coinalyze funding-rate",
            "coinalyze liquidation",
            "coinmarketcap quotes",
            "coingecko coins",
        ),
        but={"coingecko coins": ("unavailable", "the coins are missing, by their names")},
    ),
)
VALUES = (
    Behaviour(
        name="null number",
        kind="null_number",
        expected="changed",
        without=("coingecko ping",),
        but={
            **LISTED_EACH,
            "bybit tickers": ("less", BLANK),
            "bybit open-interest": ("less", BLANK),
            "okx open-interest": ("less", BLANK),
            "gate tickers": ("less", BLANK),
            **STATES,
            "hyperliquid": ("less", BLANK),
            "archive metrics": ("less", BLANK),
            "coinmarketcap": ("less", NAMED_IN_LOG),
            "coingecko coins": ("less", NAMED_IN_LOG),
            "coingecko market_chart": ("less", NAMED_IN_LOG),
        },
    ),
    Behaviour(
        name="NaN",
        kind="nan_number",
        expected="changed",
        without=NAMES,
        but={**PAIRED_EACH, **LISTED_EACH},
    ),
    Behaviour(
        name="Infinity",
        kind="infinite_number",
        expected="changed",
        without=NAMES,
        but={**PAIRED_EACH, **LISTED_EACH},
    ),
    Behaviour(
        name="negative number",
        kind="negative_number",
        expected="changed",
        without=(
            *NAMES,
            "binance fundingRate",
            "archive fundingRate",
            "gate funding_rate",
            "coinalyze funding-rate",
        ),
        but={**PAIRED_EACH, **LISTED_EACH, **LISTED_WITH_INTERVAL},
    ),
    Behaviour(
        name="number in another unit",
        kind="huge_number",
        expected="changed",
        only=(
            "binance time",
            "binance fundingInfo",
            "binance klines",
            "binance fundingRate",
            "binance openInterestHist",
            "archive",
            "bybit tickers",
            "bybit mark-price",
            "coinalyze funding-rate",
            "coinmarketcap",
            "coingecko coins",
            "coingecko market_chart",
            "coingecko ohlc",
        ),
        but={
            "binance fundingInfo": ("less", ONE_CONTRACT),
            "bybit tickers": ("less", ONE_CONTRACT),
            "coinmarketcap": ("less", NAMED_IN_LOG),
            "coingecko coins": ("less", NAMED_IN_LOG),
        },
    ),
    Behaviour(
        name="text for number or number for text",
        kind="retyped_number",
        expected="changed",
        without=("archive", "coingecko ping"),  # a CSV has no types
        but={**PAIRED_EACH, **LISTED_EACH},
    ),
    Behaviour(
        name="renamed field",
        kind="renamed_field",
        expected="changed",
        without=("bybit mark-price", "coingecko market_chart", "coingecko ohlc"),  # no names
        but=STATES,
    ),
    Behaviour(
        name="missing field",
        kind="missing_field",
        expected="changed",
        but={**PAIRED_EACH, **LISTED_EACH, "archive metrics": ("less", BLANK)},
    ),
    Behaviour(name="extra field", kind="extra_field", expected="same"),
    Behaviour(
        name="unknown word",
        kind="unknown_word",
        expected="let be",
        only=(
            "binance exchangeInfo",
            "bybit instruments",
            "okx instruments",
            "gate contracts",
            "coinalyze future-markets",
        ),
    ),
)
MICROSECONDS = "told by their size and brought to milliseconds"
TIMES = (
    Behaviour(
        name="stamps in microseconds",
        kind="microseconds",
        expected="changed",
        only=STAMPED,
        but={
            "binance klines": ("same", MICROSECONDS),
            "binance fundingRate": ("same", MICROSECONDS),
            "archive": ("same", MICROSECONDS),
        },
    ),
    Behaviour(name="stamps in a coarser unit", kind="seconds", expected="changed", only=STAMPED),
    Behaviour(
        name="null stamp",
        kind="null_stamp",
        expected="changed",
        only=(*STAMPED, "archive metrics", *COINS),
        without=("coinmarketcap listings/historical",),  # of a past day, whatever its rows say
        but={
            **LISTED,
            "okx open-interest": ("less", ONE_CONTRACT),
            "coinmarketcap": ("less", NAMED_IN_LOG),
            "coingecko coins": ("less", NAMED_IN_LOG),
        },
    ),
    Behaviour(
        name="stamp off the grid, or of the future",
        kind="off_grid",
        expected="changed",
        only=(*STAMPED, *OF_NOW, "archive metrics"),
        without=("binance exchangeInfo", "bybit tickers"),
        but={"archive metrics": ("less", "the file is of five minutes, the hour is counted")},
    ),
    Behaviour(
        name="clock two hours ahead",
        kind="clock",
        value=7200,
        expected="changed",
        only=OF_NOW,
        without=("coinalyze open-interest-history",),
    ),
    Behaviour(
        name="clock two hours behind, or a stale cache",
        kind="clock",
        value=-7200,
        expected="unavailable",
        only=OF_NOW,
        without=("coinalyze open-interest-history",),
        but={"binance time": ("changed", "the clock is what was asked for")},
    ),
)
PAGES = (
    Behaviour(name="silent page cap", kind="page_cap", value=7, expected="same"),
    Behaviour(
        name="overlapping page",
        kind="overlap",
        value=7200,
        expected="changed",
        only=("binance klines", "binance fundingRate", "binance open", "bybit", "coinalyze"),
        without=("bybit instruments", "bybit tickers", "coinalyze future"),
        but={"coinalyze": ("same", "bars before the window are not taken")},
    ),
    Behaviour(
        name="cache that repeats the first page",
        kind="stale_cache",
        expected="changed",
        only=(
            "binance klines",
            "binance fundingRate",
            "binance openInterestHist",
            "bybit",
            "coinalyze open-interest-history",
        ),
    ),
)
FILES = (
    Behaviour(name="wrong checksum", kind="checksum", expected="changed"),
    Behaviour(name="wrong checksum once", kind="checksum", times=1, expected="same"),
    Behaviour(name="missing checksum", kind="status", value=404, expected="changed"),
    Behaviour(name="not a zip", kind="not_a_zip", expected="changed"),
    Behaviour(name="truncated zip", kind="cut_zip", expected="changed"),
    Behaviour(name="empty zip", kind="empty_zip", expected="changed"),
    Behaviour(name="zip of two files", kind="two_files", expected="changed"),
    Behaviour(name="empty file", kind="empty_file", expected="changed"),
    Behaviour(name="other columns", kind="other_header", expected="changed"),
    Behaviour(name="header or none", kind="toggled_header", expected="same"),
)
OF_THE_CHECKSUM = frozenset({"wrong checksum", "wrong checksum once", "missing checksum"})
CONTENT = (*ROWS, *VALUES, *TIMES, *PAGES)
