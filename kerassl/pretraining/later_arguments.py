"""Arguments that a part got in a later version, in the plans of runs.

A part names them in `formerly`, with the value that says what it did before they
came. A run that was begun without them goes on as it began, to the bit; a new run
states them, so that its plan can be told from an older one's.
"""

import inspect

import keras

from kerassl import allowed


def with_defaults(plan):
    """Returns a new run's plan, in which such arguments stand, at their defaults.

    Args:
        plan: The run's configuration.
    """
    return _completed(plan, _defaults)


def as_it_was(stored):
    """Returns a stored run's plan, in which such arguments are what they were.

    Args:
        stored: The run's configuration as it was read.
    """
    return _completed(stored, _formerly)


def told_like(plan, stored):
    """Returns a plan which, where it does not say, says what a stored one does.

    Args:
        plan: What is asked for.
        stored: The run's configuration, as `as_it_was` gives it.
    """
    if isinstance(plan, list) and isinstance(stored, list):
        pairs = zip(plan, stored, strict=False)
        return [told_like(*pair) for pair in pairs] + plan[len(stored) :]
    if not isinstance(plan, dict) or not isinstance(stored, dict):
        return plan
    told = {key: told_like(part, stored.get(key)) for key, part in plan.items()}
    if told.get("class") == stored.get("class"):
        later = _formerly(_part(told.get("class")))
        told = {**{key: stored[key] for key in later if key in stored}, **told}
    return told


def _completed(section, missing):
    """Returns a section with what `missing(part)` gives and it lacks."""
    if isinstance(section, list):
        return [_completed(part, missing) for part in section]
    if not isinstance(section, dict):
        return section
    made = {key: _completed(part, missing) for key, part in section.items()}
    if isinstance(made.get("config"), dict):  # a task of one's own, as Keras writes it
        part = _registered(made.get("registered_name"))
        return {**made, "config": {**missing(part), **made["config"]}}
    return {**missing(_part(made.get("class"))), **made}


def _formerly(part):
    return getattr(part, "formerly", {})


def _defaults(part):
    names = _formerly(part)
    parameters = inspect.signature(part).parameters if names else {}
    return {name: parameters[name].default for name in names}


def _part(name):
    """Returns the part of a name, or None where there is none: others say so."""
    if not isinstance(name, str):
        return None
    try:
        return allowed.find(name)
    except (allowed.NotAllowed, ValueError):
        return None


def _registered(name):
    return keras.saving.get_registered_object(name) if isinstance(name, str) else None
