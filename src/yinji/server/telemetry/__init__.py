"""What an operator sees of the running server: figures for Prometheus, a line of JSON a request, traces.

None of it holds content, names, file names, query strings or addresses: routes are named by their pattern, people by
their account number.
"""
