"""Code that several test suites of this repository share: inputs with expected results, servers, and tools for docs."""
