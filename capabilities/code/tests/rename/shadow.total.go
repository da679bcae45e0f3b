package main

type shape struct{ count int }

func add(⟦count⟧ int, s shape) int {
	// count
	if count := count + 1; count > 2 {
		return count
	}
	for _, count := range []int{count} {
		s.count = count
	}
	s = shape{count: count}
	return func(n int) int { return n + count + s.count }(1)
}
