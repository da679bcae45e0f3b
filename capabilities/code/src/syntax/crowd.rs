//! Broken texts whose trees take queries too long.

use tree_sitter::Node;

/// The most steps that a query may lose in them.
const STEPS: usize = 20_000_000;
/// The most nodes within one another.
const DEPTH: usize = 4_000;

/// Whether queries would take too long over a tree. They look ahead of each node for the next one that is named, and where
/// nothing fits the grammar a great many tokens can stand side by side without one; and each step may look at all nodes that
/// are begun.
pub fn is_crowded(root: Node<'_>) -> bool {
    let mut steps = 0usize;
    let mut run = 0usize;
    let mut depth = 0usize;
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        run = if node.is_named() { 0 } else { run + 1 };
        steps = steps.saturating_add(run);
        if steps > STEPS || depth > DEPTH {
            return true;
        }
        if cursor.goto_first_child() {
            (run, depth) = (0, depth + 1);
            continue;
        }
        while !cursor.goto_next_sibling() {
            (run, depth) = (0, depth.saturating_sub(1));
            if !cursor.goto_parent() {
                return false;
            }
        }
    }
}
