query: (call function: (identifier) @_name arguments: (argument_list . (_) @first . (_) @second .) (#eq? @_name "swap")) @match
replacement: swap(@second, @first)
---
swap(1, swap(2, 3))
x = swap("swap(1, 2)", b)  # swap(1, 2)
other(1, 2)
