//! Drawing a graph in layers (Sugiyama, Tagawa and Toda, 1981): the order within the layers, then the places.

/// Something that takes a place in a layer. All lengths are in pixels.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    /// Its layer.
    pub layer: usize,
    /// How far it reaches to the left of its axis.
    pub left: f64,
    /// How far it reaches to the right of its axis.
    pub right: f64,
    /// Its height.
    pub height: f64,
    /// Whether it is a place that an arrow passes: these are kept straight.
    pub passed: bool,
    /// Where its axis comes to lie.
    pub x: f64,
}

/// A connection of items of neighbouring layers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// The upper item.
    pub upper: usize,
    /// Where the link leaves it, to the right of its axis.
    pub upper_offset: f64,
    /// The lower item.
    pub lower: usize,
    /// Where the link meets it, to the right of its axis.
    pub lower_offset: f64,
}

/// The space between neighbours in a layer.
const SPACE: f64 = 22.0;
/// How often places are improved.
const SWEEPS: usize = 60;

/// Puts items side by side with few crossings and straight links; gives the items of each layer from left to right.
pub(super) fn arrange(items: &mut [Item], links: &[Link], layers: usize) -> Vec<Vec<usize>> {
    let mut order = vec![Vec::new(); layers];
    let mut linked = vec![Vec::new(); items.len()];
    for link in links {
        linked[link.upper].push(*link);
        linked[link.lower].push(*link);
    }
    for (at, item) in items.iter().enumerate() {
        order[item.layer].push(at);
    }
    let mut best = (crossings(&order, items, links), order.clone());
    for sweep in 0..SWEEPS {
        let downward = sweep % 2 == 0;
        let rows: Vec<usize> =
            if downward { (1..layers).collect() } else { (0..layers).rev().skip(1).collect() };
        for row in rows {
            sort_by_neighbours(&mut order, row, downward, &linked);
        }
        let found = crossings(&order, items, links);
        if found < best.0 {
            best = (found, order.clone());
        }
    }
    let order = best.1;
    for row in &order {
        let mut x = 0.0;
        for at in row {
            items[*at].x = x + items[*at].left;
            x = items[*at].x + items[*at].right + SPACE;
        }
    }
    for sweep in 0..SWEEPS {
        let rows: Vec<usize> =
            if sweep % 2 == 0 { (0..layers).collect() } else { (0..layers).rev().collect() };
        for row in rows {
            place(&order[row], items, &linked);
        }
    }
    order
}

/// Where an item stands in its layer, for each item.
fn positions(order: &[Vec<usize>], count: usize) -> Vec<usize> {
    let mut position = vec![0; count];
    for row in order {
        row.iter().enumerate().for_each(|(at, item)| position[*item] = at);
    }
    position
}

/// Sorts a layer by the mean place of what its items are linked to in the layer above or below.
fn sort_by_neighbours(order: &mut [Vec<usize>], row: usize, above: bool, linked: &[Vec<Link>]) {
    let position = positions(order, linked.len());
    let key = |item: usize| {
        let neighbours: Vec<f64> = linked[item]
            .iter()
            .filter_map(|link| match above {
                true if link.lower == item => Some(position[link.upper] as f64 + fraction(link.upper_offset)),
                false if link.upper == item => {
                    Some(position[link.lower] as f64 + fraction(link.lower_offset))
                }
                _ => None,
            })
            .collect();
        match neighbours.len() {
            0 => position[item] as f64,
            count => neighbours.iter().sum::<f64>() / count as f64,
        }
    };
    let mut keyed: Vec<(f64, usize)> = order[row].iter().map(|item| (key(*item), *item)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    order[row] = keyed.into_iter().map(|(_, item)| item).collect();
}

/// An offset as a part of a place in a layer, to tell the links of one item apart.
fn fraction(offset: f64) -> f64 {
    offset.clamp(-500.0, 500.0) / 1_001.0
}

fn crossings(order: &[Vec<usize>], items: &[Item], links: &[Link]) -> usize {
    let position = positions(order, items.len());
    let ends = |link: &Link| {
        let upper = position[link.upper] as f64 + fraction(link.upper_offset);
        (upper, position[link.lower] as f64 + fraction(link.lower_offset))
    };
    let mut count = 0;
    for (at, one) in links.iter().enumerate() {
        for other in &links[..at] {
            if items[one.upper].layer == items[other.upper].layer {
                let ((a, b), (c, d)) = (ends(one), ends(other));
                count += usize::from((a - c) * (b - d) < 0.0);
            }
        }
    }
    count
}

/// Moves the items of a layer as near as they may to where their links want them: the least squares under the order and the
/// spaces between neighbours, found by pooling those that are in each other's way.
fn place(row: &[usize], items: &mut [Item], linked: &[Vec<Link>]) {
    /// Items that touch: where the first wants to be, and how much it wants that.
    struct Pool {
        wish: f64,
        weight: f64,
        count: usize,
    }
    let mut shift = 0.0;
    let mut shifts = Vec::new();
    let mut pools: Vec<Pool> = Vec::new();
    for (at, item) in row.iter().enumerate() {
        if at > 0 {
            shift += items[row[at - 1]].right + SPACE + items[*item].left;
        }
        shifts.push(shift);
        let (wish, weight) = wish(*item, items, &linked[*item]);
        let mut pool = Pool { wish: wish - shift, weight, count: 1 };
        while let Some(before) = pools.pop_if(|before| before.wish > pool.wish) {
            let weight = before.weight + pool.weight;
            let wish = (before.wish * before.weight + pool.wish * pool.weight) / weight;
            pool = Pool { wish, weight, count: before.count + pool.count };
        }
        pools.push(pool);
    }
    let places = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.wish, pool.count));
    for ((item, shift), place) in row.iter().zip(shifts).zip(places) {
        items[*item].x = place + shift;
    }
}

/// Where the links of an item want its axis, and how much.
fn wish(item: usize, items: &[Item], links: &[Link]) -> (f64, f64) {
    let (mut sum, mut weights) = (0.0, 0.0);
    for link in links {
        let (other, place) = if link.upper == item {
            (link.lower, items[link.lower].x + link.lower_offset - link.upper_offset)
        } else {
            (link.upper, items[link.upper].x + link.upper_offset - link.lower_offset)
        };
        let weight = match (items[item].passed, items[other].passed) {
            (true, true) => 12.0,
            (false, false) => 1.0,
            _ => 3.0,
        };
        sum += place * weight;
        weights += weight;
    }
    match weights > 0.0 {
        true => (sum / weights, weights),
        false => (items[item].x, 0.01),
    }
}

/// Places near wishes, in their order, at least `space` apart and between two bounds as far as there is room.
pub(super) fn spread(wishes: &[f64], space: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let room = (high - low).max(0.0);
    let space = space.min(room / wishes.len().max(1) as f64);
    let last = wishes.len().saturating_sub(1) as f64;
    let mut places: Vec<f64> = Vec::with_capacity(wishes.len());
    for (at, wish) in wishes.iter().enumerate() {
        let highest = high - (last - at as f64) * space;
        let lowest = places.last().map_or(low, |before| before + space);
        places.push(wish.min(highest).max(lowest));
    }
    places
}
