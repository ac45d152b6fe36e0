"""A package of the script with a folder that has no __init__.py."""
