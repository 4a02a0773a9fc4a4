#!/usr/bin/python3
"""Every way through the graph, on PostgreSQL 12; see matrix.py."""
import matrix

matrix.main("12")
