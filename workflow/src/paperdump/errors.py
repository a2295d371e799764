"""The errors that are meant for the person who runs the workflow."""


class PaperdumpError(Exception):
    """Something a user can mend; the message says what is wrong, where, and what to do.

    It is shown without a traceback (the traceback still goes to the job's log).
    """
