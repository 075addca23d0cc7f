//! Placement: whether there is room for a task, and whether the service asks for one.

super::checks! {
    throttled: Throttled,
    restart_throttle: RestartThrottle,
    service_state: ServiceState,
}

use super::{service, task};
