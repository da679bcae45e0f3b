//! tmp
#![allow(clippy::all, clippy::unwrap_used)]
mod world;
use serde_json::json;
use std::time::Instant;
use world::World;
#[test]
fn perf() {
    for mb in [20usize, 200] {
        let line = "The quick brown fox — jumps over the lazy dog, naïvely; 0123456789 abc\n";
        let mut t = line.repeat(mb * 1_000_000 / line.len() / 100);
        let block = line.repeat(99) + "needle in this line: foo_bar(baz)\n";
        t = {
            let _ = t;
            block.repeat(mb * 1_000_000 / block.len())
        };
        println!("--- {} bytes {} lines", t.len(), t.lines().count());
        let mut w = World::new(&[("a.txt", t.as_bytes())]);
        let mut step = |w: &mut World, c: &str, a: serde_json::Value| {
            let s = Instant::now();
            let r = w.run(c, a).unwrap();
            let mut x = r.result.to_string();
            x.truncate(90);
            println!("{c}: {:?} {x}", s.elapsed());
            r.result
        };
        let d = step(&mut w, "document.import", json!({"path":"a.txt"}))["document"].clone();
        step(&mut w, "code.find", json!({"document":d,"pattern":"needle","limit":10}));
        step(&mut w, "code.find", json!({"document":d,"pattern":"needle","wholeWord":true,"limit":10}));
        step(&mut w, "code.find", json!({"document":d,"pattern":"NEEDLE","matchCase":false,"limit":10}));
        step(&mut w, "code.find", json!({"document":d,"pattern":"(\\w+)_(\\w+)","regex":true,"limit":10}));
        step(&mut w, "code.find", json!({"document":d,"pattern":"lazy","wholeWord":true,"limit":10}));
        step(&mut w, "code.replace", json!({"document":d,"pattern":"needle","replacement":"pin"}));
        step(
            &mut w,
            "code.replace",
            json!({"document":d,"pattern":"(\\w+)_(\\w+)","replacement":"$2_$1","regex":true}),
        );
        step(&mut w, "code.edit", json!({"document":d,"edits":[{"start":100,"text":"x"}]}));
        step(&mut w, "code.save", json!({"document":d,"path":"b.txt"}));
        if mb == 20 {
            step(&mut w, "code.replace", json!({"document":d,"pattern":"lazy","replacement":"busy"}));
            step(&mut w, "code.lineEndings.set", json!({"document":d,"ending":"crlf"}));
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        println!("{}", status.lines().filter(|l| l.starts_with("VmHWM")).collect::<String>());
    }
}
