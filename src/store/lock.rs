//! The lock on a file that one process writes and others may look at: the file itself, never a second file. It ends with its process.

use std::fs::{File, TryLockError};
use std::io;
use std::time::Duration;

/// Locks a file for writing; `false` when another process holds it. A reader that looks whether it is locked holds it for an instant:
/// that is waited out.
pub(super) fn lock(file: &File) -> io::Result<bool> {
    const TRIES: u32 = 10;
    for attempt in 1..=TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if attempt < TRIES => {
                std::thread::park_timeout(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

/// Whether a process has locked it for writing.
pub(super) fn is_locked(file: &File) -> bool {
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => true,
        Ok(()) => {
            // Closing the file would let go of the lock as well.
            let _ = file.unlock();
            false
        }
        Err(TryLockError::Error(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writer_holds_it_and_looking_does_not_take_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let (one, two) = (File::create(&path).unwrap(), File::create(&path).unwrap());
        assert!(!is_locked(&one));
        assert!(lock(&one).unwrap());
        assert!(is_locked(&two));
        assert!(!lock(&two).unwrap());
        drop(one);
        assert!(!is_locked(&two));
        assert!(lock(&two).unwrap());
    }
}
