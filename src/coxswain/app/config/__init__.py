"""One YAML file becomes a `Setup`: read with lines, checked whole, resolved with the origin of every value.

`load.py` reads, `show.py` shows, `keys.py` is the table of limits and settings. Import those where they are used: this
package brings pydantic and ruamel.yaml, which no other part of Coxswain loads.
"""
