"""One slide as one reader saw it."""

from dataclasses import dataclass

__all__ = ["Reading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One slide as one reader saw it: infected cells (asexual stages alone) and all red cells counted."""

    infected: int
    counted: int

    @property
    def fraction(self) -> float:
        """Parasitaemia, 0 to 1."""
        return self.infected / self.counted
