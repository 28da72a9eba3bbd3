"""What the server imports: one application, from the configuration in the environment."""

from config import Config
from lms import create_app

app = create_app(Config.load())
