"""How the benchmarks measure: processes of their own, memory, tables, and what is counted."""
