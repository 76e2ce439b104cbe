"""What a person may set for the web service, by environment variables that begin with SMEARCOUNT_."""

import os
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.telling import value_line
from pipeline.errors import SettingsError
from pipeline.settings import BatchSettings, CountSettings

__all__ = ["ServiceSettings", "read_settings"]


_PATHS = ("SMEARCOUNT_DATA_DIR", "SMEARCOUNT_KEY_FILE")


class ServiceSettings(BaseSettings):
    """Settings of the service; docs/settings.md documents them.

    Attributes
    ----------
    data_dir : folder of the uploads, the results and the ledger of jobs; not on a network drive.
    host : address to listen on; 127.0.0.1 is this computer only.
    port : TCP port; 0 takes a free one.
    max_upload_mb : largest request, MB (1,000,000 bytes).
    workers : processes that count one slide.
    key_file : text file with one key a line; none lets in everybody who reaches the service.
    insecure : listen on other addresses than this computer's own also without keys.
    allowed_hosts : further names that the service goes by, with commas between them.
    silence_timeout_s : how long a client may send nothing in the middle of a request.
    upload_timeout_s : how long one upload may take in all.
    slide_time_limit_s : how long the count of one slide may take.
    slide_memory_limit_mb : MB that the process that counts a slide may take.
    """

    model_config = SettingsConfigDict(env_prefix="SMEARCOUNT_", frozen=True)

    data_dir: Path = Field(default_factory=lambda: Path.home() / ".local" / "share" / "smearcount")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_upload_mb: int = Field(default=200, ge=1)
    workers: int = Field(default=CountSettings().workers, ge=1)
    key_file: Path | None = None
    insecure: bool = False
    allowed_hosts: str = ""
    silence_timeout_s: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    upload_timeout_s: float = Field(default=3600.0, gt=0, allow_inf_nan=False)
    slide_time_limit_s: float = Field(default=900.0, gt=0, allow_inf_nan=False)
    slide_memory_limit_mb: int = Field(default=BatchSettings().memory_limit_mb, ge=100)

    @property
    def max_upload_bytes(self) -> int:
        """Largest request in bytes."""
        return self.max_upload_mb * 1_000_000

    @property
    def further_hosts(self) -> list[str]:
        """The names of `allowed_hosts`."""
        return [name.strip() for name in self.allowed_hosts.split(",") if name.strip()]


def read_settings() -> ServiceSettings:
    """The settings of the environment; raises SettingsError with the first variable that is out of range."""
    for variable in _PATHS:
        if os.environ.get(variable) == "":  # mostly unset in a script; it would be the current folder
            raise SettingsError(f"{variable} is ''; expected a path, or the variable left out")
    try:
        return ServiceSettings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"SMEARCOUNT_{first['loc'][0]}".upper()
        raise SettingsError(value_line({**first, "loc": (variable,)})) from error
