"""The documentation as tests see it: pages whose code blocks are run, tables, and the tasks that pages name."""
