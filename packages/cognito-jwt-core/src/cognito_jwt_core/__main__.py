"""``python -m cognito_jwt_core``."""

import sys

from .cli import main

sys.exit(main())
