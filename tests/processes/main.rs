//! What a run starts and what is done to it: signals, agents and what they leave behind, odd terminals and environments.

#[path = "../support/binary.rs"]
mod binary;
#[path = "../support/fault_server.rs"]
#[expect(dead_code, reason = "these tests need a server that is slow")]
mod fault_server;

mod pause;
mod signals;

/// So many cases, every input of which holds `word`.
fn cases(count: usize) -> String {
    (0..count)
        .map(|index| format!("{{\"id\":\"c{index:03}\",\"input\":\"word {index}\"}}\n"))
        .collect()
}
