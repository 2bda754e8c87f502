"""The door of a demonstration: who has the link of its start is whoever they choose.

It stands only in a directory that `proximity authority demo` made, where nobody is a
real person, and only while that command serves it, to this machine alone.
"""
