query: ((variable_declaration "var" @match) (#match? @match "^v"))
replacement: let
---
var a = 1; var b = "var"; let c = a;
