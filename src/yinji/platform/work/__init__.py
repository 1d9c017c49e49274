"""Work that need not be done while somebody waits: rows of our own, worked through by supervised threads.

A task is written in the transaction that needs it (:meth:`WorkQueue.put`), leased for a minute at a time by one
:class:`Pool` of any process, and ended in the transaction that writes its outcome (:meth:`Run.finish`). So it is done
at least once, and what it leaves behind is there exactly once, wherever a process dies.
"""
