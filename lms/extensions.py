"""The Flask extensions, one instance each, bound to the application in `create_app`."""

from flask_babel import Babel
from flask_compress import Compress
from flask_wtf import CSRFProtect

babel = Babel()
compress = Compress()
csrf = CSRFProtect()
