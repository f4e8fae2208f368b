"""Objects as venues send them: camel case, figures as text, blank for what is not known."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

Figure = Annotated[float | None, BeforeValidator(lambda said: None if said == "" else said)]


class Wire(BaseModel):
    """An object of an answer. Its fields have our spelling; those not declared are let be."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)
