"""A supervision that is called off leaves no worker behind, whatever it was about to do."""

import asyncio
import multiprocessing
from contextlib import suppress

import pytest

from api.supervisor import Supervisor
from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Ledger
from pipeline.settings import BatchSettings, CountSettings
from tests.pipeline.cli.fake_counts import count_by_name


@pytest.fixture
def ledger(tmp_path):
    DataFolder(root=tmp_path).create()
    made = Ledger(DataFolder(root=tmp_path).ledger)
    yield made
    made.close()


@pytest.fixture
def supervisor(tmp_path, ledger):
    data, settings = DataFolder(root=tmp_path), CountSettings()
    return Supervisor(
        data=data, ledger=ledger, settings=settings, count=count_by_name, limits=BatchSettings()
    )


@pytest.mark.parametrize("after_s", [0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.3])
def test_a_service_that_is_stopped_as_it_starts_leaves_no_worker(supervisor, after_s):
    before = set(multiprocessing.active_children())

    async def start_and_stop() -> None:
        supervision = asyncio.create_task(supervisor.run())
        await asyncio.sleep(after_s)
        supervision.cancel()
        with suppress(asyncio.CancelledError):
            await supervision

    asyncio.run(start_and_stop())

    assert supervisor.pid is None
    assert set(multiprocessing.active_children()) <= before


def test_a_worker_whose_death_is_being_recorded_is_recorded_before_the_service_ends(
    supervisor, ledger, monkeypatch
):
    order: list[str] = []
    record, give_back = ledger.record_crash, ledger.give_back

    def record_slowly(*args):
        order.append("begun")
        multiprocessing.Event().wait(0.3)
        order.append("recorded")
        return record(*args)

    monkeypatch.setattr(ledger, "record_crash", record_slowly)

    def give_back_in_order(token):
        order.append("given back")
        give_back(token)

    monkeypatch.setattr(ledger, "give_back", give_back_in_order)

    async def kill_and_stop() -> None:
        supervision = asyncio.create_task(supervisor.run())
        while supervisor.pid is None:
            await asyncio.sleep(0.01)
        for child in multiprocessing.active_children():
            if child.pid == supervisor.pid:
                child.kill()
        while not order:
            await asyncio.sleep(0.01)
        supervision.cancel()
        with suppress(asyncio.CancelledError):
            await supervision

    asyncio.run(kill_and_stop())

    assert order == ["begun", "recorded", "given back"]
