"""Whole slides of a batch, shared out among processes of this machine; see test_cluster for a cluster."""

import os
from pathlib import Path

import pytest

from pipeline.execution.processes import WorkerDiedError
from pipeline.execution.slides import share_slides, slides_are_shared
from pipeline.settings import CountSettings, with_absolute_paths
from tests.pipeline.execution import fake_cluster_work


@pytest.mark.parametrize(
    ("slides", "workers", "shared"),
    [(1, 1, False), (8, 1, False), (1, 4, False), (3, 4, False), (4, 4, True), (9, 4, True)],
)
def test_slides_are_shared_where_there_are_enough_for_every_worker(slides, workers, shared):
    assert slides_are_shared(slides, CountSettings(workers=workers)) == shared


def test_every_slide_is_counted_once_by_a_process_that_works_alone(tmp_path):
    slides = [tmp_path / f"{number}.png" for number in range(6)]
    settings = CountSettings(workers=2, tile_px=512)
    told = dict(share_slides(fake_cluster_work.tell_settings, slides, tmp_path, settings))
    assert set(told) == set(slides)
    for slide, answer in told.items():
        assert not isinstance(answer, WorkerDiedError)
        assert answer[:3] == (slide, tmp_path, CountSettings(workers=1, tile_px=512))
    pids = {answer[3] for answer in told.values() if not isinstance(answer, WorkerDiedError)}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_paths_of_networks_hold_wherever_a_worker_was_started(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = CountSettings(detector=Path("mine.toml"), um_per_px=0.2)
    expected = CountSettings(detector=tmp_path / "mine.toml", um_per_px=0.2)
    assert with_absolute_paths(settings) == expected
    assert with_absolute_paths(CountSettings()) == CountSettings()
