//! What is kept of an instance's user data: how the ECS agent is set up.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use regex::Regex;

use super::secrets::{Kind, REDACTED, redacted, regex};
use crate::aws::user_data;

/// Settings of the agent that are no secrets, beside `ECS_ENABLE_…`, `ECS_DISABLE_…` and
/// `ECS_…_TIMEOUT`. Source:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
const SETTINGS: &[&str] = &[
    "ECS_CLUSTER",
    "ECS_AVAILABLE_LOGGING_DRIVERS",
    "ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES",
    "ECS_AWSVPC_BLOCK_IMDS",
    "ECS_APPARMOR_CAPABLE",
    "ECS_CGROUP_CPU_PERIOD",
    "ECS_CHECKPOINT",
    "ECS_DYNAMIC_HOST_PORT_RANGE",
    "ECS_ENGINE_AUTH_TYPE",
    "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION",
    "ECS_EXTERNAL",
    "ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED",
    "ECS_GMSA_SUPPORTED",
    "ECS_IMAGE_CLEANUP_INTERVAL",
    "ECS_IMAGE_MINIMUM_CLEANUP_AGE",
    "ECS_IMAGE_PULL_BEHAVIOR",
    "ECS_LOGLEVEL",
    "ECS_NUM_IMAGES_DELETE_PER_CYCLE",
    "ECS_NVIDIA_RUNTIME",
    "ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT",
    "ECS_RESERVED_MEMORY",
    "ECS_RESERVED_PORTS",
    "ECS_RESERVED_PORTS_UDP",
    "ECS_SELINUX_CAPABLE",
    "ECS_TASK_METADATA_RPS_LIMIT",
    "ECS_UPDATES_ENABLED",
    "ECS_VOLUME_PLUGIN_CAPABILITIES",
    "ECS_WARM_POOLS_CHECK",
    "AWS_DEFAULT_REGION",
];

/// An assignment.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?-u:\b)([A-Za-z][A-Za-z0-9_]{1,60})=(\[[^\]]*\]|"[^"]*"|'[^']*'|[^ \t"';&|>]*)"#)
});

/// The cmdlet that starts the agent on Windows, and its parameters that are no secrets.
static CMDLET: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"[ \t]-(?:(?i-u:EnableTaskIAMRole|EnableTaskENI|AwsvpcBlockIMDS|EnableDockerHealthCheck)",
        r"|(?i-u:Cluster|LoggingDrivers)[ \t]+(?:'[^'\n]*'|\x22[^\x22\n]*\x22|[^ \t\n'\x22;|&]+))",
    ))
});

/// A setting of Bottlerocket.
static SETTING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^(?:cluster|loglevel|logging-drivers|reserved-memory|image-pull-behavior|allow-privileged-containers|awsvpc-block-imds|enable-spot-instance-draining|https-proxy|no-proxy)[ \t]*=[ \t]*(?:"[^"]*"|\[[^\]]*\]|[a-z0-9]+)$"#,
    )
});

/// User data with nothing in it but settings of the agent, encoded as it was.
pub(super) fn kept(encoded: &str) -> String {
    if encoded.trim().is_empty() {
        return encoded.to_owned();
    }
    // What cannot be unpacked to its end is kept as far as it goes.
    let Some((bytes, _)) = user_data::decode(encoded) else { return REDACTED.to_owned() };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = vec![user_data::note(&text)];
    settings(&text, &mut lines);
    STANDARD.encode(lines.join("\n") + "\n")
}

fn settings(text: &str, lines: &mut Vec<String>) {
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') && line.ends_with(']') && !line.contains(' ') {
            section = match line {
                "[settings.ecs]" | "[settings.network]" => line,
                _ => "",
            };
            lines.extend((!section.is_empty()).then(|| section.to_owned()));
        } else if !section.is_empty() && SETTING.is_match(line) {
            lines.push(redacted(line, Kind::Command).into_owned());
        } else if let Some(at) = line.find("Initialize-ECSAgent") {
            let parameters = CMDLET.find_iter(&line[at..]).map(|found| found.as_str());
            let call: String = std::iter::once("Initialize-ECSAgent").chain(parameters).collect();
            lines.push(redacted(&call, Kind::Command).into_owned());
        } else {
            for found in ASSIGNMENT.captures_iter(line).filter(|found| is_setting(&found[1])) {
                let setting = format!("{}={}", &found[1], &found[2]);
                lines.push(redacted(&setting, Kind::Command).into_owned());
            }
        }
    }
}

fn is_setting(name: &str) -> bool {
    SETTINGS.contains(&name)
        || is_proxy(name)
        || name.starts_with("ECS_ENABLE_")
        || name.starts_with("ECS_DISABLE_")
        || (name.starts_with("ECS_") && name.ends_with("_TIMEOUT"))
}

/// Whether a variable says which proxy to use, and for which hosts none.
pub(super) fn is_proxy(name: &str) -> bool {
    ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].iter().any(|proxy| name.eq_ignore_ascii_case(proxy))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let once = kept(&STANDARD.encode(text));
        let note = user_data::note(text);
        let lines = [&[note.as_str()], expected].concat().join("\n") + "\n";
        assert_eq!(String::from_utf8(STANDARD.decode(&once).unwrap()).unwrap(), lines);
        assert_eq!(kept(&once), once);
    }

    #[test]
    fn settings_of_the_agent_are_kept_and_nothing_else() {
        check(
            r#"#!/bin/bash
export DB_PASSWORD=hunter2
# ECS_CLUSTER=old
cat <<'EOF' >> /etc/ecs/ecs.config
ECS_CLUSTER=shop
ECS_ENGINE_AUTH_TYPE=dockercfg
ECS_ENGINE_AUTH_DATA={"https://index.docker.io/v1/":{"auth":"YTpi"}}
ECS_AVAILABLE_LOGGING_DRIVERS=["json-file", "awslogs"]
ECS_INSTANCE_ATTRIBUTES={"key":"hunter2"}
ECS_DB_PASSWORD=hunter2
HTTP_PROXY=http://user:hunter2@proxy:3128
EOF
[ -d /x ] && echo "ECS_AWSVPC_BLOCK_IMDS=true" >> /etc/ecs/ecs.config; curl hunter2
echo ECS_ENABLE_GPU_SUPPORT=true>>/etc/ecs/ecs.config; echo ECS_CONTAINER_STOP_TIMEOUT=2m
"#,
            &[
                "ECS_CLUSTER=shop",
                "ECS_ENGINE_AUTH_TYPE=dockercfg",
                r#"ECS_AVAILABLE_LOGGING_DRIVERS=["json-file", "awslogs"]"#,
                "HTTP_PROXY=http://[redacted]@proxy:3128",
                "ECS_AWSVPC_BLOCK_IMDS=true",
                "ECS_ENABLE_GPU_SUPPORT=true",
                "ECS_CONTAINER_STOP_TIMEOUT=2m",
            ],
        );
    }

    #[test]
    fn settings_of_windows_and_bottlerocket_are_kept() {
        check(
            r#"<powershell>
$env:PASSWORD = 'hunter2'
Import-Module ECSTools; Initialize-ECSAgent -Cluster 'shop' -EnableTaskIAMRole -LoggingDrivers '["json-file","awslogs"]' -Secret 'hunter2'
</powershell>"#,
            &[
                r#"Initialize-ECSAgent -Cluster 'shop' -EnableTaskIAMRole -LoggingDrivers '["json-file","awslogs"]'"#,
            ],
        );
        check(
            r#"[settings.host-containers.admin]
user-data = "hunter2"
cluster = "no"
[settings.ecs]
cluster = "shop"
motd = "hunter2"
[settings.network]
https-proxy = "http://u:hunter2@proxy:1"
"#,
            &[
                "[settings.ecs]",
                r#"cluster = "shop""#,
                "[settings.network]",
                r#"https-proxy = "http://[redacted]@proxy:1""#,
            ],
        );
    }

    #[test]
    fn user_data_of_any_kind_is_taken() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(b"ECS_CLUSTER=shop\nhunter2").unwrap();
        let packed = STANDARD.encode(packed.finish().unwrap());
        assert_eq!(kept(&packed), STANDARD.encode("# [redacted]\nECS_CLUSTER=shop\n"));
        check("hunter2", &[]);
        assert_eq!(kept(""), "");
        assert_eq!(kept("hunter2!"), REDACTED);
        assert_eq!(kept(REDACTED), REDACTED);
    }
}
