"""What the claims about speed are measured with. Nothing here is part of the product, and no test asserts a time."""
