import environ

from .base import *  # noqa: F403

env = environ.Env(SHOP_DEBUG=(bool, False))
environ.Env.read_env("/app/shop.env")
DEBUG = env("SHOP_DEBUG")
SHOP_NUMBER = env("SHOP_NUMBER")
DATABASES = {"default": env.db("SHOP_DATABASE")}
