//! Creating, starting and running containers.

use super::{
    ANSWERED, C, NET, PULLING, Signature, Source as S, exact, form,
    rank::{EXACT, HEAD, SENTENCE, TAIL, WRAPPER},
    row,
};
use crate::Phase as P;

const CREATE: Option<P> = Some(P::Create);
const START: Option<P> = Some(P::Start);

/// What surrounds the failure of an exec.
const EXEC: &[&str] = &[
    "exec: ",
    "exec ",
    "oci runtime",
    "runc",
    "container process",
    "cannotstartcontainer",
    "container_linux.go",
    "standard_init_linux",
];

pub(super) const ROWS: &[Signature] = &[
    row(
        "CSC-STATUS",
        S::Documentation,
        START,
        &[C::ExitAppOrSidecarError, C::Oom, C::HostDockerSlow],
        "CannotStartContainerError: failed to get container status: <reason>",
        "CannotStartContainerError: failed to get container status: context deadline exceeded",
        &[form(SENTENCE, &[&["failed to get container status"]])],
    ),
    row(
        "CSC-EXECFMT",
        S::Field,
        START,
        &[C::ImageExecFormat],
        "exec format error",
        "standard_init_linux.go:228: exec user process caused: exec format error",
        &[form(EXACT, &[&["exec format error"]])],
    ),
    row(
        "CSC-CMD",
        S::Field,
        START,
        &[C::StartCommand],
        "exec: \"<command>\": <executable file not found in $PATH | no such file or directory | permission denied>",
        "CannotStartContainerError: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"npm start\": executable file not found in $PATH: unknown",
        &[
            form(TAIL, &[&["executable file not found"]]),
            form(TAIL, &[&["unable to find user"], &["no matching entries in passwd"]]),
            form(TAIL - 1, &[EXEC, &["no such file or directory", "permission denied"]])
                .without(&[&["rootfs", "error mounting", "unable to retrieve"], PULLING]),
        ],
    ),
    row(
        "CSC-MOUNT",
        S::Field,
        START,
        &[C::StartBindMountFailed],
        "error mounting \"<source>\" to rootfs at \"<destination>\": <reason>",
        "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting \"/etc/app/config.yml\" to rootfs at \"/app/config.yml\": mount /etc/app/config.yml:/app/config.yml (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown",
        &[form(TAIL, &[&["error mounting", "rootfs_linux.go"], &["rootfs"]])],
    ),
    row(
        "CSC-PORT",
        S::Field,
        START,
        &[C::PlacePortConflict],
        "Bind for 0.0.0.0:<port> failed: port is already allocated",
        "CannotStartContainerError: Error response from daemon: driver failed programming external connectivity on endpoint ecs-web-1 (0123456789abcdef): Bind for 0.0.0.0:8080 failed: port is already allocated",
        &[
            form(EXACT, &[&["port is already allocated", "address already in use"]]),
            form(TAIL, &[&["bind for "], &["failed"]]),
            form(HEAD, &[&["driver failed programming external connectivity"]])
                .causes(&[C::PlacePortConflict, C::HostDockerBroken]),
        ],
    ),
    row(
        "CSC-LOGDRIVER",
        S::Field,
        Some(P::LogDriver),
        &[
            C::LogDriverMisconfigured,
            C::LogGroupMissing,
            C::LogRegionWrong,
            C::IamExecRoleMissingAction,
            C::NetAwsApiUnreachable,
        ],
        "failed to initialize logging driver: <reason>; logger: no log driver named '<name>' is registered",
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: dial tcp 127.0.0.1:24224: connect: connection refused",
        &[
            form(TAIL + 3, &[&["127.0.0.1:24224", "fluent.sock", "fluentd", "fluent driver"], NET])
                .causes(&[C::LogDriverMisconfigured]),
            form(TAIL + 3, &[&["no log driver named", "unknown log opt"]])
                .causes(&[C::LogDriverMisconfigured]),
            form(SENTENCE + 1, &[&["failed to initialize logging driver"], DOCKER, NET])
                .without(&[ANSWERED])
                .causes(&[
                    C::NetAwsApiUnreachable,
                    C::NetEndpointMisconfigured,
                    C::NetOneBadSubnet,
                    C::LogDriverMisconfigured,
                    C::NetNatBroken,
                ]),
            form(SENTENCE, &[&["failed to initialize logging driver"], DOCKER]),
        ],
    ),
    row(
        "CCC-DEVMAPPER",
        S::Documentation,
        CREATE,
        &[C::StorageHostDiskFull],
        "CannotCreateContainerError: API error (500): devmapper: Thin Pool has <n> free data blocks which is less than minimum required <m> free data blocks",
        "CannotCreateContainerError: API error (500): devmapper: Thin Pool has 4350 free data blocks which is less than minimum required 4454 free data blocks. Create more free space in thin pool or use dm.min_free_space option to change behavior",
        &[
            form(EXACT, &[&["thin pool has"]]),
            form(SENTENCE, &[&["devmapper: ", "devicemapper: ", "could not find bridge docker0"]])
                .causes(&[C::HostDockerBroken, C::StorageHostDiskFull]),
        ],
    ),
    row(
        "CCC-CHOWN",
        S::Field,
        CREATE,
        &[C::VolumeEc2DockerDriver],
        "CannotCreateContainerError: failed to chown <path>: operation not permitted",
        "CannotCreateContainerError: Error response from daemon: failed to copy file info for /var/lib/ecs/volumes/ecs-app-1-data: failed to chown /var/lib/ecs/volumes/ecs-app-1-data: lchown /var/lib/ecs/volumes/ecs-app-1-data: operation not permitted",
        &[form(EXACT, &[&["failed to chown"]])],
    ),
    row(
        "CCC-VOLDRIVER",
        S::Field,
        CREATE,
        &[C::VolumeEc2DockerDriver, C::EfsDnsOrMountTarget, C::EfsNfsBlocked],
        "create <volume>: VolumeDriver.Create: mounting volume failed: <reason>",
        "CannotCreateContainerError: Error response from daemon: create ecs-app-1-data: VolumeDriver.Create: mounting volume failed: Error retrieving region. Please set the \"region\" parameter in the efs-utils configuration file.",
        &[form(SENTENCE, &[&["volumedriver.", "volume plugin", ": create: "]])],
    ),
    row(
        "CCC-FIRELENS",
        S::AgentSource,
        CREATE,
        &[C::LogDriverMisconfigured],
        "failed to create container - container uses awsfirelens log driver and we failed to <step>",
        "CannotCreateContainerError: failed to create container - container uses awsfirelens log driver and we failed to resolve Firelens bridge IP",
        &[form(TAIL, &[&["container uses awsfirelens log driver"]])],
    ),
    row(
        "CCV",
        S::Documentation,
        Some(P::Volume),
        &[
            C::VolumeEc2DockerDriver,
            C::EfsDnsOrMountTarget,
            C::EfsNfsBlocked,
            C::StorageHostDiskFull,
        ],
        "CannotCreateVolumeError: <reason>",
        "CannotCreateVolumeError: Error response from daemon: create data: error looking up volume plugin rexray/ebs: plugin \"rexray/ebs\" not found",
        &[form(SENTENCE + 1, &[&["cannotcreatevolume"]])],
    ),
    row(
        "CRT",
        S::Documentation,
        START,
        &[C::AwsInternalTransient, C::StartCommand],
        "ContainerRuntimeError: <reason>",
        "ContainerRuntimeError: failed to create container task",
        &[form(HEAD - 1, &[&["containerruntimeerror"]])],
    ),
    row(
        "CRTT",
        S::Documentation,
        START,
        &[C::HostDockerSlow, C::NetAwsApiUnreachable, C::LogDriverMisconfigured],
        "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting <duration>",
        "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m0s",
        &[form(SENTENCE + 1, &[&["containerruntimetimeouterror", "docker timeout error"]])],
    ),
    row(
        "CANNOT-STOP",
        S::Documentation,
        Some(P::Stop),
        &[C::HostDockerSlow, C::HostDockerBroken, C::ExitAppOrSidecarError],
        "CannotStopContainerError: <reason>",
        "CannotStopContainerError: Error response from daemon: cannot stop container: 0123456789ab: tried to kill container, but did not receive an exit event",
        &[form(HEAD, &[&["cannotstopcontainererror"]])],
    ),
    row(
        "CANNOT-INSPECT",
        S::Documentation,
        START,
        &[C::HostDockerSlow, C::HostDockerBroken, C::AgentVersionBugOrConfig],
        "CannotInspectContainerError: <reason>",
        "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
        &[form(SENTENCE + 1, &[&["cannotinspectcontainererror"]])],
    ),
    row(
        "OOM",
        S::Documentation,
        Some(P::Run),
        &[C::Oom],
        "OutOfMemoryError: Container killed due to memory usage",
        "OutOfMemoryError: Container killed due to memory usage",
        &[
            form(
                EXACT + 1,
                &[&[
                    "outofmemoryerror: container",
                    "killed due to memory usage",
                    "oom-killed",
                    "oomkilled",
                ]],
            ),
            exact(&["outofmemoryerror"]),
        ],
    ),
    row(
        "INT",
        S::Documentation,
        None,
        &[C::AwsInternalTransient],
        "InternalError",
        "InternalError",
        &[exact(&["internalerror"])],
    ),
    row(
        "SPOT",
        S::Documentation,
        Some(P::Stop),
        &[C::StopHostOrSpotGone],
        "Your Spot Task was interrupted.",
        "Your Spot Task was interrupted.",
        &[form(
            SENTENCE,
            &[&["spot task was interrupted", "spotinterruptionerror", "spot interruption"]],
        )],
    )
    .benign(),
    row(
        "EXIT",
        S::General,
        Some(P::Run),
        &[C::ExitAppOrSidecarError, C::ExitBySignalNotOom],
        "exit code <n>",
        "Essential container in task exited (exit code: 1)",
        &[form(
            WRAPPER + 1,
            &[&[
                "exit code: ",
                "exit code ",
                "exitcode: ",
                "exitcode=",
                "exited with code",
                "exited with status",
                "exited (",
                "exit status ",
            ]],
        )
        .without(&[&["tasks in taskdefinition"]])],
    ),
];

/// Docker says it, not the Fargate agent.
const DOCKER: &[&str] = &[
    "cannotstartcontainer",
    "error response from daemon",
    "dockertimeout",
    "dockerstate",
    "api error (",
];
