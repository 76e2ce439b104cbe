"""The group `start`: what one command costs in a fresh process, its start included."""

from benchmarks.measuring.fresh import cost_of, network_bytes, rendered, smearcount
from benchmarks.measuring.records import Group, Measure, Room
from benchmarks.measuring.smears import FIELD, PHOTO

__all__ = ["measured"]

RUNS = 5


def measured(room: Room) -> Group:
    """Help, one field, one large photo, and the size of the networks."""
    field, photo = rendered(room.folder / "field", *FIELD), rendered(room.folder / "photo", *PHOTO)
    out = ("-o", str(room.folder / "out"), "--overwrite")
    start = cost_of(smearcount("--help"), RUNS)
    count = cost_of(smearcount("count", str(field), *out), RUNS)
    large = cost_of(smearcount("count", str(photo), *out), 1)
    note = f"median of {RUNS} fresh processes"
    shipped_mb = sum(network_bytes().values()) / 1e6
    return Group(
        measures=(
            Measure(name="smearcount --help, wall", value=start.wall_s, unit="s", goal=0.5, note=note),
            Measure(name="smearcount --help, CPU", value=start.cpu_s, unit="s"),
            Measure(name="1280 x 960 field, cold, wall", value=count.wall_s, unit="s", goal=2.5, note=note),
            Measure(name="1280 x 960 field, cold, CPU", value=count.cpu_s, unit="s"),
            Measure(name="1280 x 960 field, peak memory", value=count.peak_mb, unit="MB"),
            Measure(name="5312 x 2988 photo, peak memory", value=large.peak_mb, unit="MB", goal=500.0),
            Measure(name="5312 x 2988 photo, cold, CPU", value=large.cpu_s, unit="s"),
            Measure(name="LiteRT files shipped", value=shipped_mb, unit="MB", goal=1.0),
        )
    )
