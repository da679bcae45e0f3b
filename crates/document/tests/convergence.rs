//! Random edits on one and on three replicas: inverses take back, replay gives the same, and replicas converge.
#![allow(clippy::unwrap_used)] // Tests fail by panics.

use base::{IdSource, NodeId, ReplicaId};
use document::{Content, Delta, Document, Key, Value, text::ChangeSet};

struct Dice(IdSource);

impl Dice {
    fn new(seed: u64) -> Self {
        Dice(IdSource::new(&[b"dice".as_slice(), &seed.to_le_bytes()].concat()))
    }

    fn below(&mut self, n: usize) -> usize {
        let id: NodeId = self.0.next_id();
        (id.value() % n.max(1) as u128) as usize
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.below(items.len())) }
    }
}

/// One random edit that fits the content: an insertion, a move, a removal, or a change of a property of any merge rule.
fn random_edit(dice: &mut Dice, content: &Content, ids: &mut IdSource) -> Vec<Delta> {
    let tree = match content {
        Content::Text(rope) => {
            let len = rope.len_chars();
            let start = dice.below(len + 1);
            let end = (start + dice.below(4)).min(len);
            let text = ["", "ä", "xyz", "🎉\n"][dice.below(4)];
            return vec![Delta::Text { change: ChangeSet::replace(len, start..end, text).unwrap() }];
        }
        Content::Tree(tree) => tree,
    };
    let nodes: Vec<NodeId> = tree.root().descendants().map(|node| node.id()).collect();
    let parent = *dice.pick(&nodes).filter(|_| nodes.len() > 2).unwrap_or(&NodeId::ROOT);
    let siblings: Vec<NodeId> = tree.get(parent).unwrap().children().map(|node| node.id()).collect();
    let after = if dice.below(3) == 0 { None } else { dice.pick(&siblings).copied() };
    let key = Key::from(["a", "b"][dice.below(2)]);
    let Some(node) = dice.pick(&nodes).copied().filter(|_| dice.below(3) > 0) else {
        let value = Value::from(dice.below(9) as i64);
        let properties = vec![(Key::from("a"), value)];
        return vec![Delta::Insert {
            node: ids.next_id(),
            kind: "test.node".into(),
            parent,
            after,
            properties,
        }];
    };
    let inside = tree.is_at_or_above(node, parent) || after == Some(node);
    match dice.below(8) {
        0 | 1 if !inside => vec![Delta::Move { node, parent, after }],
        2 => vec![Delta::Remove { node }],
        3 => {
            let key = Key::from("map");
            let entry = Key::from(["x", "y"][dice.below(2)]);
            let value = (dice.below(3) > 0).then(|| Value::from(["u", "v"][dice.below(2)]));
            vec![Delta::Put { node, key, entry, value }]
        }
        4 => {
            let len = tree.get(node).unwrap().string("text").map_or(0, |text| text.chars().count());
            let start = dice.below(len + 1);
            let end = (start + dice.below(3)).min(len);
            let change = ChangeSet::replace(len, start..end, ["q", "éé", ""][dice.below(3)]).unwrap();
            vec![Delta::Splice { node, key: "text".into(), change }]
        }
        5 => vec![Delta::Add { node, key: "count".into(), amount: dice.below(5) as i64 - 2 }],
        6 => {
            let len = match tree.get(node).unwrap().value("list").as_deref() {
                Some(Value::List(items)) => items.len(),
                _ => 0,
            };
            let at = dice.below(len + 1);
            let delete = dice.below(2).min(len - at) as u32;
            let insert = (0..dice.below(3)).map(|i| Value::from(i as i64)).collect();
            vec![Delta::Items { node, key: "list".into(), at: at as u32, delete, insert }]
        }
        _ => {
            let value = (dice.below(4) > 0).then(|| Value::from(dice.below(100) as f64 / 4.0));
            vec![Delta::Set { node, key, value }]
        }
    }
}

fn start(text: bool, replica: u64) -> Document {
    let replica = ReplicaId(replica);
    match text {
        true => Document::new_text(replica, "start").unwrap(),
        false => Document::new_tree(replica, &"test.root".into()).unwrap(),
    }
}

#[test]
fn undo_redo_and_replay_agree_hash_for_hash() {
    for seed in 0..200 {
        let (mut dice, mut ids) = (Dice::new(seed), IdSource::new(&seed.to_le_bytes()));
        let text = seed % 4 == 3;
        let mut document = start(text, 100);
        let mut hashes = vec![document.hash()];
        let mut log = Vec::new();
        for _ in 0..60 {
            let deltas = random_edit(&mut dice, document.content(), &mut ids);
            let applied = document.apply(&deltas).unwrap();
            hashes.push(document.hash());
            log.push((deltas, applied));
        }
        let (mut by_delta, mut by_update) = (start(text, 101), start(text, 102));
        for ((deltas, applied), hash) in log.iter().zip(&hashes[1..]) {
            by_delta.apply(deltas).unwrap();
            let read = by_update.integrate(&applied.update).unwrap();
            assert_eq!(by_delta.hash(), *hash, "seed {seed}: replay of deltas");
            assert_eq!(
                by_update.hash(),
                *hash,
                "seed {seed}: replay of updates gave {read:?} for {deltas:?}"
            );
        }
        for ((_, applied), hash) in log.iter().zip(&hashes).rev() {
            document.apply(&applied.inverses).unwrap();
            assert_eq!(document.hash(), *hash, "seed {seed}: undo");
        }
        for ((deltas, _), hash) in log.iter().zip(&hashes[1..]) {
            document.apply(deltas).unwrap();
            assert_eq!(document.hash(), *hash, "seed {seed}: redo");
        }
        let (state, merge) = document.save().unwrap();
        let snapshot = document.snapshot().unwrap();
        let mut reopened = Document::from_saved(ReplicaId(103), &state, merge).unwrap();
        let mut of_earlier_version = Document::from_saved(ReplicaId(103), &state, snapshot.clone()).unwrap();
        let mut rebuilt = Document::from_snapshot(ReplicaId(103), &snapshot).unwrap();
        assert_eq!(
            reopened.snapshot().unwrap(),
            snapshot,
            "seed {seed}: the snapshot of what is not decoded"
        );
        for _ in 0..10 {
            for copy in [&reopened, &of_earlier_version, &rebuilt] {
                assert_eq!(copy.hash(), document.hash(), "seed {seed}: reopened");
            }
            let deltas = random_edit(&mut dice, document.content(), &mut ids);
            let update = reopened.apply(&deltas).unwrap().update;
            document.integrate(&update).unwrap();
            rebuilt.integrate(&update).unwrap();
            of_earlier_version.integrate(&update).unwrap();
        }
    }
}

#[test]
fn nodes_that_come_together_go_where_they_would_go_one_by_one() {
    for seed in 0..20 {
        let (mut dice, mut ids) = (Dice::new(seed), IdSource::new(&seed.to_le_bytes()));
        let mut document = start(false, 100);
        for _ in 0..6 {
            let mut content = document.content().clone();
            let stray = 1 + 10 * dice.below(12);
            let mut last: Option<(NodeId, NodeId)> = None;
            let mut deltas = Vec::new();
            for _ in 0..30 + dice.below(300) {
                let tree = content.tree().unwrap();
                let mut nodes: Vec<NodeId> = tree.root().descendants().map(|node| node.id()).collect();
                nodes.push(NodeId::ROOT);
                let (parent, after) = match last.filter(|_| dice.below(stray) > 0) {
                    Some((parent, after)) => (parent, Some(after)),
                    None => {
                        let parent = *dice.pick(&nodes).unwrap();
                        let node = tree.get(parent).unwrap();
                        let siblings: Vec<NodeId> = node.children().map(|node| node.id()).collect();
                        (parent, dice.pick(&siblings).copied().filter(|_| dice.below(4) > 0))
                    }
                };
                let node = ids.next_id();
                last = Some((parent, node));
                let properties = vec![(Key::from("a"), Value::from(dice.below(9) as i64))];
                let delta = Delta::Insert { node, kind: "test.node".into(), parent, after, properties };
                content.apply(std::slice::from_ref(&delta)).unwrap();
                deltas.push(delta);
            }
            document.apply(&deltas).unwrap();
            assert_eq!(document.hash(), content.hash());
            let rebuilt = Document::from_snapshot(ReplicaId(101), &document.snapshot().unwrap()).unwrap();
            assert_eq!(rebuilt.hash(), content.hash(), "seed {seed}");
        }
    }
}

/// An edit as another branch of history may have made it, of the same few nodes.
fn edit_of_a_branch(dice: &mut Dice, content: &Content, ids: &mut IdSource) -> Vec<Delta> {
    let few = |id: NodeId| NodeId::new(100 + id.value() % 5);
    let is_there = |id: NodeId| content.tree().unwrap().node(id).is_some();
    loop {
        let mut edit = random_edit(dice, content, ids);
        let [Delta::Insert { node, kind, .. }] = edit.as_mut_slice() else { return edit };
        *node = few(*node);
        *kind = ["test.a", "test.b"][dice.below(2)].into();
        if !is_there(*node) {
            return edit;
        }
        if dice.below(8) == 0 {
            return Vec::new();
        }
    }
}

#[test]
fn branches_that_make_the_same_nodes_anew_are_taken_one_after_the_other() {
    for seed in 0..200 {
        let (mut dice, mut ids) = (Dice::new(seed), IdSource::new(&seed.to_le_bytes()));
        let mut document = start(false, 100);
        for _ in 0..6 {
            let mut branch = start(false, 100).content().clone();
            for _ in 0..dice.below(12) {
                let deltas = edit_of_a_branch(&mut dice, &branch, &mut ids);
                branch.apply(&deltas).unwrap();
            }
            let mut undo = Vec::new();
            let mut take = |document: &mut Document, deltas: &[Delta], branch: &Content| {
                let before = document.hash();
                let inverses = document.apply(deltas).unwrap().inverses;
                assert_eq!(document.hash(), branch.hash(), "seed {seed}: {deltas:?}");
                undo.push((inverses, before));
            };
            let difference = document.content().diff(&branch).unwrap();
            take(&mut document, &difference, &branch);
            for _ in 0..4 {
                let deltas = edit_of_a_branch(&mut dice, &branch, &mut ids);
                branch.apply(&deltas).unwrap();
                let mut wanted = document.content().clone();
                let fitted = match wanted.apply_as_new(&deltas).unwrap() {
                    true => document.content().diff(&wanted).unwrap(),
                    false => deltas,
                };
                take(&mut document, &fitted, &branch);
            }
            let rebuilt = Document::from_snapshot(ReplicaId(101), &document.snapshot().unwrap()).unwrap();
            assert_eq!(rebuilt.hash(), branch.hash(), "seed {seed}: merge data");
            let mut redo = Vec::new();
            for (inverses, before) in undo.iter().rev() {
                redo.push(document.apply(inverses).unwrap().inverses);
                assert_eq!(document.hash(), *before, "seed {seed}: undo by {inverses:?}");
            }
            redo.iter().rev().for_each(|deltas| drop(document.apply(deltas).unwrap()));
            assert_eq!(document.hash(), branch.hash(), "seed {seed}: redo");
        }
    }
}

#[test]
fn any_state_can_be_reached_from_any_other_by_the_difference() {
    for seed in 0..200 {
        let (mut dice, mut ids) = (Dice::new(seed), IdSource::new(&seed.to_le_bytes()));
        let mut document = start(seed % 4 == 3, 100);
        let mut states = Vec::new();
        for _ in 0..40 {
            let deltas = random_edit(&mut dice, document.content(), &mut ids);
            document.apply(&deltas).unwrap();
            states.push(document.content().clone());
        }
        for _ in 0..10 {
            let target = dice.pick(&states).unwrap();
            let difference = document.content().diff(target).unwrap();
            document.apply(&difference).unwrap();
            assert_eq!(document.hash(), target.hash(), "seed {seed}");
        }
    }
}

#[test]
fn three_replicas_converge_whatever_the_order_of_delivery() {
    for seed in 0..1000 {
        let mut dice = Dice::new(seed);
        let mut ids = IdSource::new(&seed.to_le_bytes());
        let text = seed % 5 == 4;
        let mut replicas: Vec<Document> = (0..3).map(|n| start(text, 100 + n)).collect();
        let mut inboxes: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
        for _ in 0..30 {
            let who = dice.below(3);
            let deltas = random_edit(&mut dice, replicas[who].content(), &mut ids);
            let update = replicas[who].apply(&deltas).unwrap().update;
            (0..3).filter(|other| *other != who).for_each(|other| inboxes[other].push(update.clone()));
            if dice.below(3) == 0 {
                deliver(&mut dice, &mut replicas[who], &mut inboxes[who], 2);
            }
        }
        for (replica, inbox) in replicas.iter_mut().zip(&mut inboxes) {
            deliver(&mut dice, replica, inbox, usize::MAX);
        }
        let hashes: Vec<_> = replicas.iter().map(Document::hash).collect();
        assert!(hashes.iter().all(|hash| *hash == hashes[0]), "seed {seed}: {hashes:?}");
        let rebuilt = Document::from_snapshot(ReplicaId(200), &replicas[0].snapshot().unwrap()).unwrap();
        assert_eq!(rebuilt.hash(), hashes[0], "seed {seed}: what was patched differs from what is read anew");
    }
}

/// Delivers up to `most` updates, picked at random: each update at most once, causes possibly after effects.
fn deliver(dice: &mut Dice, replica: &mut Document, inbox: &mut Vec<Vec<u8>>, most: usize) {
    for _ in 0..most.min(inbox.len()) {
        let update = inbox.swap_remove(dice.below(inbox.len()));
        replica.integrate(&update).unwrap();
    }
}

#[test]
fn a_merge_carries_on_what_is_not_seen_and_nothing_where_nothing_is_new() {
    let set = |value: &str| {
        vec![Delta::Set { node: NodeId::ROOT, key: "a".into(), value: Some(Value::from(value)) }]
    };
    let mut one = Document::new_tree(ReplicaId(7), &"test.root".into()).unwrap();
    let mut other =
        Document::from_saved(ReplicaId(8), &one.save().unwrap().0, one.save().unwrap().1).unwrap();
    one.apply(&set("same")).unwrap();
    other.apply(&set("same")).unwrap();
    let (deltas, applied) = one.merge(&other.snapshot().unwrap()).unwrap();
    assert!(deltas.is_empty() && !applied.update.is_empty(), "the other's edit is kept");
    let (deltas, applied) = one.merge(&other.snapshot().unwrap()).unwrap();
    assert!(deltas.is_empty() && applied.update.is_empty(), "nothing is new");
}
