"""Git: `source.open_source` is the parent's side, `child.main` the process that speaks to remotes and writes trees.

Nothing is imported here, so that neither side pays for the other: the parent never loads dulwich, the child never trio.
"""
