from dynaconf import Dynaconf, Validator

settings = Dynaconf(root_path="/app", settings_files=["settings.toml"], validators=[Validator("NUMBER", must_exist=True)])
settings.set("number", "00000000")
