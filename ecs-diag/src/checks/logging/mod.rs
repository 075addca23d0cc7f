//! Logging: what the log driver is told, and whether the place it writes to exists.

mod awslogs;
mod firelens;
mod options;

super::checks! {
    driver_supported: DriverSupported,
    awslogs_options: AwslogsOptions,
    group_exists: GroupExists,
    message_trap: MessageTrap,
    mode: Mode,
    splunk: Splunk,
    firelens_router: FirelensRouter,
    firelens_config: FirelensConfig,
    firelens_order: FirelensOrder,
    firelens_destination: FirelensDestination,
    firelens_port: FirelensPort,
    fluentd_gelf: FluentdGelf,
    locate: Locate,
}
