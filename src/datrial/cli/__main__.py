"""``python -m datrial.cli``."""

from datrial.cli import main

main()
