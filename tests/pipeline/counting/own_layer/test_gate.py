"""A slide gets a last layer of its own where its dirt is confused and only then; its cells follow it."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.control import LaidOn
from classifier.predict import PLAIN, Doubtful
from pipeline.counting.debris import DebrisSample
from pipeline.counting.own_layer.gate import Fitted, fitted_to_slide
from pipeline.counting.own_layer.store import OwnLayerStore, decided_by
from pipeline.counting.tile import TileCells
from pipeline.counting.tile_bytes import tile_from_bytes, tile_to_bytes
from pipeline.counting.tile_store import MemoryStore
from pipeline.counting.tiling import Tile
from pipeline.networks import Classifier, load_classifier
from pipeline.settings import CountSettings
from segmentation.colours import TileColours
from segmentation.detections import Kind
from segmentation.stacks import GREY_LEVELS
from tests.classifier.test_slide_layer import WIDTH, block, reference, specks_that_look

TILE = Tile(field=0, core=(0, 0, 64, 64), outer=(0, 0, 64, 64))


def classifier() -> Classifier:
    shipped = load_classifier(CountSettings())
    manifest = shipped.manifest.model_copy(update={"threshold": 0.39})
    return replace(shipped, calibration=PLAIN, manifest=manifest, reference=reference())


def called(dirt: int, parasites: int) -> TileCells:
    """A tile with 100 clean cells, called cells that look like dirt and like parasites, and a platelet."""
    rng = np.random.default_rng(0)
    features = rng.normal(0.0, 0.5, (dirt + parasites + 1, WIDTH))
    features[:dirt, block(3)] += 3.0
    features[dirt:, block(0)] += 3.0
    chance = np.concatenate([np.full(100, 0.01), np.full(dirt + parasites, 0.6), [np.nan]])
    number = len(chance)
    return TileCells(
        field=0,
        boxes=np.zeros((number, 4)),
        kinds=np.asarray([Kind.RED_CELL] * (number - 1) + [Kind.PLATELET], np.uint8),
        scores=np.ones(number, np.float32),
        measured=np.zeros((number, 4)),
        overlaps=np.zeros(number, bool),
        p_infected=chance.astype(np.float32),
        stages=np.full(number, -1),
        colours=TileColours(
            objects=np.zeros((number, 3), np.float32), depths=np.zeros(GREY_LEVELS, np.int64)
        ),
        doubtful=Doubtful(cells=np.arange(100, number), features=features.astype(np.float16)),
    )


def soiled(specks: int = 20) -> DebrisSample:
    """Half as much area of cells as of ground: half as many specks lie on cells as on the ground."""
    return replace(DebrisSample.empty(), ground_px=2000, cells_px=1000, specks=specks, grains=specks)


def rarely_called(laid: LaidOn, share: float) -> LaidOn:
    """The same, of which only this share is called."""
    order = np.random.default_rng(1).permutation(len(laid.p_infected))
    chance = np.where(order < share * len(order), 0.6, 0.1).astype(np.float32)
    return replace(laid, p_infected=chance)


def fitted(laid: LaidOn, cells: TileCells, sample: DebrisSample | None = None) -> Fitted | None:
    return fitted_to_slide(sample or soiled(), laid, [cells], classifier())


def test_confused_dirt_gets_a_layer_that_leaves_the_parasites() -> None:
    cells = called(dirt=4, parasites=10)
    own = fitted(rarely_called(specks_that_look(along=3), 0.2), cells)
    assert own is not None
    assert own.record.called_shipped == 14
    assert own.record.called == 10
    assert own.record.laid_called_shipped == 52
    decided = decided_by(own.layer, cells).p_infected
    assert (decided[100:104] < 0.39).all()
    assert (decided[104:114] >= 0.39).all()
    assert np.isnan(decided[-1])
    assert np.array_equal(decided[:100], cells.p_infected[:100])


@pytest.mark.parametrize(
    ("laid", "why"),
    [
        (rarely_called(specks_that_look(along=3), 0.02), "dirt is hardly ever called"),
        (rarely_called(specks_that_look(along=3), 0.5), "so much is called that they are parasites"),
        (rarely_called(specks_that_look(along=0), 0.2), "they look like the parasites of other slides"),
        (rarely_called(specks_that_look(along=3, number=3, times=80), 0.2), "three specks are too few"),
    ],
)
def test_all_else_stays_as_shipped(laid: LaidOn, why: str) -> None:
    assert fitted(laid, called(dirt=4, parasites=10)) is None, why


def test_dirt_that_explains_next_to_nothing_changes_nothing() -> None:
    assert fitted(rarely_called(specks_that_look(along=3), 0.1), called(dirt=2, parasites=80)) is None


def test_a_layer_that_takes_far_more_than_the_dirt_explains_is_not_used() -> None:
    many = called(dirt=40, parasites=2)
    assert fitted(rarely_called(specks_that_look(along=3), 0.2), many, soiled(specks=4)) is None


def test_a_classifier_without_reference_cells_decides_as_it_is() -> None:
    bare = replace(classifier(), reference=None)
    laid = rarely_called(specks_that_look(along=3), 0.2)
    assert fitted_to_slide(soiled(), laid, [called(dirt=4, parasites=10)], bare) is None


def test_cells_come_back_from_their_bytes_with_what_the_layer_needs() -> None:
    cells = called(dirt=4, parasites=10)
    tile, again = tile_from_bytes(tile_to_bytes(TILE, cells))
    own = fitted(rarely_called(specks_that_look(along=3), 0.2), cells)
    assert own is not None
    store = MemoryStore()
    store.add(tile, again)
    decided = OwnLayerStore(store=store, layer=own.layer).load(TILE)
    assert np.array_equal(decided.p_infected, decided_by(own.layer, cells).p_infected, equal_nan=True)
    assert np.array_equal(store.load(tile).p_infected, cells.p_infected, equal_nan=True)
