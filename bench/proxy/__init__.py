"""What the data plane must reach, measured from outside and beside nginx.

Each proxy runs with one worker, in processes of its own, before the same upstream on 127.0.0.1. Runs are short and
taken in turn, and what is compared is compared pair by pair: another program on the machine disturbs both of a pair.
"""
