//! What a run starts and what is done to it: signals, agents and what they leave behind, odd terminals and environments.

#[path = "../support/binary.rs"]
mod binary;
#[path = "../support/fault_server.rs"]
#[expect(dead_code, reason = "these tests need a server that is slow")]
mod fault_server;

mod agents;
mod odd;
mod pause;
mod signals;

/// So many cases, every input of which holds `word`.
fn cases(count: usize) -> String {
    (0..count)
        .map(|index| format!("{{\"id\":\"c{index:03}\",\"input\":\"word {index}\"}}\n"))
        .collect()
}

/// Processes that a run left behind: whatever it started carries its mark. Those that are dead do not count.
fn left_by(harness: u32) -> Vec<String> {
    let mark = format!("EVENHAND_CHILD={harness}.");
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let marked = |path: &std::path::Path| {
        std::fs::read(path.join("environ")).is_ok_and(|environment| {
            environment
                .split(|byte| *byte == 0)
                .any(|entry| entry.starts_with(mark.as_bytes()))
        })
    };
    let found = entries.flatten().map(|entry| entry.path());
    let found = found.filter(|path| marked(path));
    found
        .map(|path| std::fs::read_to_string(path.join("cmdline")).unwrap_or_default())
        .filter(|command| !command.is_empty())
        .collect()
}
