query: ((macro_invocation macro: (identifier) @name) @match (#any-of? @name "todo" "unimplemented"))
replacement: panic!("@{name}@@x")
---
fn main() { todo!(); unimplemented!("a"); println!("todo!()"); }
