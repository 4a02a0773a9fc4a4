#!/usr/bin/python3
"""Every way through the graph, on PostgreSQL 10; see matrix.py."""
import matrix

matrix.main("10", shape="old-names")
