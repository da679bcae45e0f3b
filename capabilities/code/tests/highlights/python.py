#!/usr/bin/env python3
"""Module."""
import os as system
LIMIT = 10
class Shape(Base):
    @property
    def area(self, scale=1.0, *rest, **options):
        return f"{self.width * scale:.2f}\n" if len(rest) > LIMIT else None  # note
