//! EBS volumes, stops that are not failures to start, health checks and ECS Exec.

use super::{
    C, DENIED, Signature, Source as S, exact, form,
    rank::{EXACT, HEAD, SENTENCE, STATUS, TAIL, WRAPPER},
    row,
};
use crate::Phase as P;

const VOLUME: Option<P> = Some(P::Volume);
const HEALTH: Option<P> = Some(P::Health);
const STOP: Option<P> = Some(P::Stop);
const EBS: &[&str] = &["failed to set up the ebs volume"];

const ELB: &[C] = &[
    C::HealthElbSlowStartOrSlowApp,
    C::HealthElbCheckConfig,
    C::HealthElbSecurityGroup,
    C::HealthElbUnspecified,
];

pub(super) const ROWS: &[Signature] = &[
    row(
        "EBS-ASSUME",
        S::Documentation,
        VOLUME,
        &[C::IamServiceRole],
        "ECS was unable to assume the configured ECS Infrastructure Role '<arn>'.",
        "ECS was unable to assume the configured ECS Infrastructure Role 'arn:aws:iam::123456789012:role/ecsInfrastructure'. Please verify that the role being passed has the proper trust relationship with Amazon ECS",
        &[form(EXACT + 1, &[&["assume the configured ecs infrastructure role"]])],
    ),
    row(
        "EBS-IDEMPOTENT",
        S::Documentation,
        VOLUME,
        &[C::IamKmsDecrypt],
        "ECS failed to set up the EBS volume. Encountered IdempotentParameterMismatch; '<text>'",
        "ECS failed to set up the EBS volume. Encountered IdempotentParameterMismatch; 'The client token you have provided is associated with a resource that is already deleted. Please use a different client token.'",
        &[form(EXACT, &[&["idempotentparametermismatch"]])],
    ),
    row(
        "EBS-TIMEOUT",
        S::Documentation,
        VOLUME,
        &[C::AwsInternalTransient, C::AgentVersionBugOrConfig],
        "ECS timed out while configuring the EBS volume attachment to your Task",
        "ECS timed out while configuring the EBS volume attachment to your Task.",
        &[form(EXACT, &[&["configuring the ebs volume attachment"]])],
    ),
    row(
        "EBS-OTHER",
        S::Documentation,
        VOLUME,
        &[C::IamServiceRole, C::QuotaAccountLimit, C::IamKmsDecrypt],
        "ECS failed to set up the EBS volume. <EC2's error>",
        "ECS failed to set up the EBS volume. Encountered VolumeLimitExceeded; 'You have exceeded your maximum gp3 storage limit of 50 TiB in this region.'",
        &[
            form(TAIL, &[EBS, DENIED]).causes(&[C::IamServiceRole]),
            form(TAIL, &[EBS, &["limitexceeded", "exceeded your maximum"]])
                .causes(&[C::QuotaAccountLimit]),
            form(HEAD, &[EBS]),
        ],
    ),
    row(
        "STOP-ESSENTIAL",
        S::Documentation,
        Some(P::Run),
        &[C::ExitAppOrSidecarError, C::ExitBySignalNotOom, C::StartCommand, C::ImageExecFormat],
        "Essential container in task exited",
        "Essential container in task exited",
        &[form(WRAPPER, &[&["essential container in task exited"]])],
    ),
    row(
        "STOP-ELB",
        S::Documentation,
        HEALTH,
        ELB,
        "Task failed ELB health checks in (<elb | target-group> <name>)",
        "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef)",
        &[
            form(SENTENCE + 1, &[&["failed elb health checks"], &["request timed out"]])
                .causes(&[C::HealthElbSecurityGroup, C::HealthElbSlowStartOrSlowApp]),
            form(SENTENCE + 1, &[&["failed elb health checks"], &["failed with these codes: [5"]])
                .causes(&[C::HealthElbSlowStartOrSlowApp, C::HealthElbCheckConfig]),
            form(SENTENCE + 1, &[&["failed elb health checks"], &["failed with these codes"]])
                .causes(&[C::HealthElbCheckConfig, C::HealthElbSlowStartOrSlowApp]),
            form(SENTENCE, &[&["failed elb health checks"]]),
        ],
    ),
    row(
        "STOP-HC",
        S::Field,
        HEALTH,
        &[C::HealthContainerCheck],
        "Task failed container health checks",
        "Task failed container health checks",
        &[form(SENTENCE, &[&["failed container health checks"]])],
    ),
    row(
        "STOP-SCALE",
        S::Documentation,
        STOP,
        &[C::StopBenign],
        "Scaling activity initiated by (deployment <id>)",
        "Scaling activity initiated by (deployment ecs-svc/1234567890123456789)",
        &[form(SENTENCE, &[&["scaling activity initiated by"]])],
    )
    .benign(),
    row(
        "STOP-HOST",
        S::Documentation,
        STOP,
        &[C::StopHostOrSpotGone],
        "Host EC2 (instance <id>) <stopped | terminated>.",
        "Host EC2 (instance i-0123456789abcdef0) terminated.",
        &[form(SENTENCE, &[&["host ec2 (instance"]])],
    )
    .benign(),
    row(
        "STOP-DEREG",
        S::Documentation,
        STOP,
        &[C::StopHostOrSpotGone, C::StopBenign],
        "Container instance deregistration forced by user",
        "Container instance deregistration forced by user",
        &[form(SENTENCE, &[&["container instance deregistration"]])],
    )
    .benign(),
    row(
        "STOP-USER",
        S::General,
        STOP,
        &[C::StopBenign],
        "Task stopped by user",
        "Task stopped by user",
        &[form(SENTENCE, &[&["task stopped by user"]])],
    )
    .benign(),
    row(
        "STOP-MAINT",
        S::Field,
        STOP,
        &[C::StopBenign, C::StopHostOrSpotGone],
        "ECS is performing maintenance on the underlying infrastructure hosting the task",
        "ECS is performing maintenance on the underlying infrastructure hosting the task",
        &[form(
            SENTENCE,
            &[&[
                "performing maintenance on the underlying infrastructure",
                "task retirement",
                "scheduled for retirement",
            ]],
        )],
    )
    .benign(),
    row(
        "STOP-DRAIN",
        S::Field,
        STOP,
        &[C::StopHostOrSpotGone, C::StopBenign],
        "container instance is in DRAINING state",
        "Task stopped because the container instance is in DRAINING state",
        &[form(SENTENCE, &[&["in draining state", "in the draining state", "is draining"]])],
    )
    .benign(),
    row(
        "STOP-GENERIC",
        S::Field,
        None,
        &[C::SymptomNoDetail],
        "Task failed to start",
        "Task failed to start",
        &[
            exact(&["task failed to start"]).rank(WRAPPER),
            form(WRAPPER - 1, &[&["task failed to start"]]),
        ],
    ),
    row(
        "EXEC-AGENT",
        S::Documentation,
        Some(P::Run),
        &[C::ExecAgentCannotConnect, C::ExecNotEnabled],
        "ExecuteCommandAgent: <reason>",
        "unable to start ExecuteCommandAgent [create]: container rootfs is marked read-only",
        &[form(SENTENCE, &[&["executecommandagent", "execute command agent not running"]])],
    ),
    row(
        "EXEC-FAILED",
        S::Documentation,
        Some(P::Run),
        &[C::ExecNotEnabled, C::ExecAgentCannotConnect],
        "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn't running.",
        "An error occurred (InvalidParameterException) when calling the ExecuteCommand operation: The execute command failed because execute command was not enabled when the task was run or the execute command agent isn't running. Wait and try again or run a new task with execute command enabled and try again.",
        &[
            form(
                SENTENCE + 1,
                &[&[
                    "targetnotconnectedexception",
                    "failed due to an internal error. try again later",
                ]],
            )
            .causes(&[C::ExecAgentCannotConnect]),
            form(SENTENCE + 1, &[&["execute command failed", "execute command was not enabled"]]),
            form(SENTENCE + 1, &[&["sessionmanagerplugin is not found"]])
                .causes(&[C::ExecClientOrService]),
        ],
    ),
    row(
        "STUCK-PENDING",
        S::Documentation,
        None,
        &[
            C::PlaceAgentDisconnected,
            C::NetRegistryUnreachable,
            C::EniProvisionTimeout,
            C::HostDockerSlow,
        ],
        "PENDING or PROVISIONING for long",
        "PENDING",
        &[exact(&["pending", "provisioning"]).rank(STATUS)],
    ),
    row(
        "STUCK-ACTIVATING",
        S::Documentation,
        Some(P::Start),
        &[C::AgentTaskSideEndpoint, C::AwsInternalTransient],
        "ACTIVATING for long",
        "ACTIVATING",
        &[exact(&["activating"]).rank(STATUS)],
    ),
];
