"""What a person may set for the web service, by environment variables that begin with SMEARCOUNT_."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["ServiceSettings"]


class ServiceSettings(BaseSettings):
    """Settings of the service; docs/settings.md documents them.

    Attributes
    ----------
    data_dir : folder of the uploads, the results and the ledger of jobs; not on a network drive.
    host : address to listen on; 127.0.0.1 is this computer only.
    port : TCP port.
    max_upload_mb : largest request, MB (1,000,000 bytes).
    workers : processes that count one slide.
    """

    model_config = SettingsConfigDict(env_prefix="SMEARCOUNT_", frozen=True)

    data_dir: Path = Field(default_factory=lambda: Path.home() / ".local" / "share" / "smearcount")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_upload_mb: int = Field(default=200, ge=1)
    workers: int = Field(default=1, ge=1)

    @property
    def max_upload_bytes(self) -> int:
        """Largest request in bytes."""
        return self.max_upload_mb * 1_000_000
