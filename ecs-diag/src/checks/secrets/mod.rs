//! Secrets: what the task's references name, and whether it is there to be read.

super::checks! {
}
