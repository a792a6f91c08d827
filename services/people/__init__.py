"""People who use Tidewalk: who they are, what each may do and where, and a trail of what they did."""
