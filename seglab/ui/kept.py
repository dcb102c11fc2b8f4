"""How long things are kept, in the sentences of the pages on which a person leaves something; the numbers are those that clean-up uses."""

from __future__ import annotations

from seglab.data.keeping import keeping


def kept_runs() -> str:
    """Of runs, with their curves, pictures and weights.

    >>> kept_runs()
    'A run is kept for 30 days after its last change; beyond 200 runs or 8 GB of weights on this server the oldest go first.'
    """
    limits = keeping()
    return (
        f"A run is kept for {days(limits.run_days)} after its last change; beyond {limits.runs:,} runs or {size(limits.run_megabytes)} of"
        " weights on this server the oldest go first."
    )


def kept_uploads() -> str:
    """Of pictures to train on.

    >>> kept_uploads()[:99]
    'Uploads stay on this server for 30 days, longer only while a run on them is kept; beyond 100 sets o'
    """
    limits = keeping()
    return (
        f"Uploads stay on this server for {days(limits.upload_days)}, longer only while a run on them is kept; beyond {limits.uploads:,}"
        f" sets or {size(limits.upload_megabytes)} the oldest go first, but for those that a run is learning from."
    )


def days(number: int) -> str:
    """
    >>> days(1), days(30)
    ('1 day', '30 days')
    """
    return "1 day" if number == 1 else f"{number:,} days"


def size(megabytes: int) -> str:
    """
    >>> size(500), size(8000), size(1500)
    ('500 MB', '8 GB', '1.5 GB')
    """
    return f"{megabytes / 1000:g} GB" if megabytes >= 1000 else f"{megabytes} MB"
