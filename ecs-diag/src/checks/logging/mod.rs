//! Logging: what the log driver is told, and whether the place it writes to exists.

mod awslogs;

super::checks! {
    awslogs_options: AwslogsOptions,
    group_exists: GroupExists,
}
