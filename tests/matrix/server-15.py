#!/usr/bin/python3
"""Every way through the graph, on PostgreSQL 15; see matrix.py."""
import matrix

matrix.main("15", full=True)
