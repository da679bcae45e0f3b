query: (call_expresion) @match
replacement: x
---
package main
