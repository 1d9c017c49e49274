"""Cases: reports, queues, reviewers' decisions, appeals, strikes. The front door is :class:`.service.Cases`."""
