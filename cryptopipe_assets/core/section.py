"""What vendors allow and the share of it that we plan to use, as cryptopipe.toml states it."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of cryptopipe.toml: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
