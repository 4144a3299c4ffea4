"""``python -m cognito_jwt_core``."""

import sys

from cognito_jwt_core.diagnostics.cli import main

sys.exit(main())
