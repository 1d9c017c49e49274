"""The demo: content of every kind and tier, reports, decisions and an appeal, made from nothing but our own code."""

from yinji.platform.demo.seeding import PRODUCER, DemoAccount, seed

__all__ = ["PRODUCER", "DemoAccount", "seed"]
