//! Keys: what encrypts the secrets and parameters that the task refers to.

super::checks! {
    customer_key_detect: CustomerKeyDetect,
    key_state: KeyState,
}

/// Why the checks of keys have nothing to ask.
const NOTHING_ENCRYPTED: &str = "no container refers to a secret or parameter";
