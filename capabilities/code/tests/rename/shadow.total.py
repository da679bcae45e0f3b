import os
def outer(⟦count⟧, *rest, other=None):
    """count"""
    def inner():
        nonlocal_value = count + 1  # count
        return [count for count in range(nonlocal_value)]
    def shadow(count):
        return count
    print(f"{count} count", shadow(count=count), os.count)
    count += 1
    return inner(), lambda: count
class Shape:
    count = 1
    def get(self, count=count):
        return self.count + count
