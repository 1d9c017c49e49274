"""The demo: content of every kind and tier, reports, decisions and an appeal, made from nothing but our own code."""

from yinji.platform.demo.posts import PRODUCER
from yinji.platform.demo.seeding import DemoAccount, is_demo, seed

__all__ = ["PRODUCER", "DemoAccount", "is_demo", "seed"]
