"""What the tests of this repository share: tokens and their verdicts, key servers, a browser, the documentation."""
