#!/usr/bin/python3
"""Every way through the graph, on PostgreSQL 16; see matrix.py."""
import matrix

matrix.main("16")
