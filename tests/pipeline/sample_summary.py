"""The summary of a slide that never was: 12 infected of 845 red cells."""

from pipeline.records import FieldResult, SlideSummary

SUMMARY = SlideSummary(
    slide="film",
    source="film.png",
    status="complete",
    verdict="parasites seen",
    um_per_px=0.11,
    scale_source="estimated",
    detected=860,
    counted=845,
    infected=12,
    excluded={"at_border": 13, "white_cell": 2},
    parasitaemia=12 / 845,
    low=0.0081,
    high=0.0247,
    stages={"gametocyte": 2, "ring": 7, "unknown": 3},
    asexual_parasitaemia=10 / 845,
    asexual_low=0.0064,
    asexual_high=0.0216,
    interval_method="wilson",
    false_positive_rate=0.003,
    limit_of_detection=0.009,
    white_cells=2,
    platelets=0,
    fields=(
        FieldResult(
            name="film.png",
            width=640,
            height=480,
            um_per_px=0.11,
            detected=860,
            counted=845,
            infected=12,
            excluded={"at_border": 13, "white_cell": 2},
        ),
    ),
    notices=(),
    failed_tiles=(),
    detector="detector-1",
    classifier="classifier-1",
)
