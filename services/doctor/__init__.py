"""`tidewalk doctor`: looks at everything that the service will stand on, and says what would lose data or fail.

It speaks to the machines itself, not through the service's adapters: what these do not notice must show here.
"""
