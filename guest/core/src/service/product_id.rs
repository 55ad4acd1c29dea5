//! The application's own ids of resources: of the rows of its tables, say.

/// Bytes of such an id.
const BYTES: usize = 200;

/// Checks an id that the application gives.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn check(id: &str) -> Result<(), String> {
    if id.is_empty() || id.len() > BYTES || id.chars().any(char::is_control) {
        return Err(format!(
            "the product's id is a text of 1 to {BYTES} bytes without control characters"
        ));
    }
    Ok(())
}
