"""What a repository's files say about how it is built and run: a proposed plan, each value with its reason.

`tree` is what is looked at, `plan` what is concluded. Nothing is imported here: the git worker needs `tree` alone.
"""
