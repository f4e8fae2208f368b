"""Questions that the demo's warehouse answers, each with its SQL."""

from collections.abc import Mapping
from textwrap import dedent, indent

from cryptopipe_assets.cli.console import frame_table, out
from cryptopipe_assets.cli.sql import ask
from cryptopipe_assets.config.settings import Settings

RANKINGS = {
    "Who is most and least leveraged? Open interest on all venues against market cap": """
        SELECT row_number() OVER (ORDER BY oi_to_market_cap DESC) AS place, coin,
               round(open_interest_usd / 1e6) AS oi_musd,
               round(market_cap_usd / 1e6) AS cap_musd,
               round(oi_to_market_cap * 100, 2) AS oi_to_cap_pct,
               round(avg_funding_7d * 3 * 365 * 100, 1) AS funding_pct_year,
               round(leverage_score, 1) AS score
        FROM leverage_ratios
        WHERE ts = (SELECT max(ts) FROM leverage_ratios) AND oi_to_market_cap IS NOT NULL
        QUALIFY place <= 5 OR place > count(*) OVER () - 5 ORDER BY place""",
    "Which followed coins are diluted fastest, of those with a maximum supply?": """
        SELECT coin, name, round(circulating_share * 100, 1) AS circulating_pct,
               round(dilution_velocity_share_per_year * 100, 1) AS pct_of_max_a_year,
               round(velocity_days) AS over_days, category
        FROM dilution_metrics
        WHERE ts = (SELECT max(ts) FROM dilution_metrics) AND cap_kind = 'max' AND cap_pit
          AND coin IN (SELECT coin FROM instruments WHERE tier IS NOT NULL) AND rank <= 150
        ORDER BY pct_of_max_a_year DESC NULLS LAST LIMIT 7""",
}

EXAMPLES = {
    "Where is volatility expanding? The newest hour against its own week": """
        SELECT symbol, close, round(realized_vol * 1e4, 1) AS vol_bp,
               round(vol_regime, 2) AS vol_regime,
               round(returns_24h * 100, 2) AS ret_24h_pct
        FROM factors_1h
        WHERE ts = (SELECT max(ts) FROM factors_1h)
        ORDER BY vol_regime DESC LIMIT 5""",
    "What does leverage cost? Three days of funding, annualised, paid by longs": """
        SELECT symbol, count(*) AS settled, any_value(interval_hours) AS every_h,
               round(sum(funding_rate) * 365 / 3 * 100, 2) AS pct_per_year
        FROM funding_rate
        WHERE ts > (SELECT max(ts) FROM funding_rate) - INTERVAL 3 DAY
        GROUP BY symbol ORDER BY pct_per_year DESC LIMIT 5""",
    "What did a decision at yesterday noon know? No row is used before its time": """
        SELECT symbol, max(ts) AS last_bar, max(available_at) AS known_at,
               arg_max(close, ts) AS close
        FROM ohlcv_1m
        WHERE available_at <= (SELECT max(date) FROM ohlcv_1m) - INTERVAL 12 HOUR
        GROUP BY symbol ORDER BY symbol LIMIT 5""",
}


def show_answers(settings: Settings, queries: Mapping[str, str]) -> None:
    """Print every question, its query and its answer."""
    for question, query in queries.items():
        out.print(f"\n[bold]{question}[/]")
        out.print(indent(dedent(query).strip(), "  "), style="dim")
        out.print(frame_table(ask(settings, query)))
