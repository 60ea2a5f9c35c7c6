from pydantic import BaseModel, Field, computed_field
from pydantic_settings import BaseSettings, SettingsConfigDict, TomlConfigSettingsSource


class Settings(BaseSettings):
    model_config = SettingsConfigDict(toml_file="/app/settings.toml")
    shop: str

    @classmethod
    def settings_customise_sources(cls, settings_cls, **sources):
        return (TomlConfigSettingsSource(settings_cls),)


class Line(BaseModel):
    name: str
    count: int = Field(gt=0)


class Order(BaseModel):
    shop: str
    lines: list[Line]

    @computed_field
    @property
    def number(self) -> str:
        return "token-00000000"
