package main

import "fmt"

const limit = 10

type Shape struct { width int }

// Area says the area.
func (s *Shape) Area(by float64) (float64, error) {
	for i := 0; i < limit; i++ { go fmt.Printf("%d\n", i) }
	return float64(s.width) * by, nil
}
