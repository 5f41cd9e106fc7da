"""The data plane: worker processes that carry every visitor's request, and the supervisor that keeps them."""
