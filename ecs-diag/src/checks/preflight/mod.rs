//! Preflight: is there a target, and how much of the evidence is left?

super::checks! {
    task_found: TaskFound,
}
