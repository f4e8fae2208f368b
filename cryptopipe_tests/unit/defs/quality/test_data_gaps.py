"""The ledger is brought up to date once a night, by itself."""

from datetime import UTC, datetime

import dagster as dg

from cryptopipe_assets.definitions import defs

GAPS = dg.AssetKey("data_gaps")


def test_data_gaps_is_asked_for_once_after_two_in_the_morning():
    asked, cursor = [], None
    with dg.DagsterInstance.ephemeral() as instance:
        for hour, minute in ((1, 50), (1, 58), (2, 1), (2, 5), (14, 0)):
            found = dg.evaluate_automation_conditions(
                defs,
                instance,
                asset_selection=dg.AssetSelection.assets(GAPS),
                evaluation_time=datetime(2026, 3, 10, hour, minute, tzinfo=UTC),
                cursor=cursor,
            )
            cursor = found.cursor
            asked.append(found.get_num_requested(GAPS))
    assert asked == [0, 0, 1, 0, 0]
