//! Network: which interface the task gets, and what it is attached to.

mod configuration;

super::checks! {
    subnet_exists: SubnetExists,
    subnet_free_ips: SubnetFreeIps,
}
