"""The AWS API of the lab: moto in process, wrapped in layers that make it as strict as AWS is.

A request passes `app.py` (identify) -> `calls.py` -> `faults.py` -> `authorization.py` ->
`strict.py` -> `generations.py` -> moto.
"""
