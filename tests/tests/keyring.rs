//! Secrets come from the keyring of the desktop, where a keyring of others keeps them.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{fs, process::Command};

use support::build::Build;

/// RFC 8032 §7.1, test 2.
const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";

/// A session bus and GNOME Keyring of their own, with what follows in it.
const SESSION: &str = r#"
    export HOME="$1" XDG_RUNTIME_DIR="$1/run"; unset DISPLAY WAYLAND_DISPLAY; shift
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null || exit 99
    printf %s "$SEED" | secret-tool store --label=key application metabuilder name in-keyring || exit 98
    exec "$@"
"#;

#[test]
fn a_key_in_the_keyring_signs() {
    let build = Build::new();
    let home = tempfile::tempdir().unwrap();
    let attest = |name: &str, inside: bool| {
        let key = format!("attest.key=secret:{name}");
        let run = build.command(&["--attest", "--setting", &key]);
        let mut command = match inside {
            true => Command::new("dbus-run-session"),
            false => Command::new("env"),
        };
        if inside {
            command
                .args(["--", "sh", "-c", SESSION, "session"])
                .arg(tempfile::tempdir_in(&home).unwrap().keep());
        }
        command.arg(run.get_program()).args(run.get_args()).env("SEED", SEED);
        command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("XDG_RUNTIME_DIR");
        command.output().unwrap()
    };
    let signed = attest("in-keyring", true);
    assert!(signed.status.success(), "{:?}: {}", signed.status, String::from_utf8_lossy(&signed.stderr));
    let envelope = fs::read_to_string(build.path("out/sheet.png.intoto.jsonl")).unwrap();
    assert!(envelope.contains("\"sig\""), "{envelope}");
    for (name, inside) in [("not-in-keyring", true), ("in-keyring", false)] {
        let missing = attest(name, inside);
        let told = String::from_utf8(missing.stderr).unwrap();
        assert_eq!(missing.status.code(), Some(3), "{told}");
        assert!(told.contains(&format!("application metabuilder name {name}")), "{told}");
    }
}
